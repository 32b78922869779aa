import { resolve } from "node:path";
import { EngineError, messageOf } from "../base/index.ts";
import { failOnError, packContext } from "../client/index.ts";
import type { ProgressMessage } from "../wire/index.ts";
import type { ComposeClient } from "./compose-client.ts";
import type { StepContext } from "./execute.ts";
import { label } from "./labels.ts";
import type { BuildSpec } from "./model/index.ts";
import type { Operation } from "./operation.ts";

type BuildOperation = Extract<Operation, { kind: "BuildImage" }>;
type PullOperation = Extract<Operation, { kind: "PullImage" }>;

/** Builds the image of a service; the builder's lines are reported. Throws with the service's name in front. */
export async function buildImage(
  client: ComposeClient,
  { project, service, image }: BuildOperation,
  { signal, report }: StepContext,
): Promise<void> {
  const build = service.build;
  if (build === undefined) throw new Error(`service ${service.name} has no build`);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(build.context) || build.context.startsWith("git@")) {
    throw new EngineError(
      "not-implemented",
      `service "${service.name}": build context ${build.context} is not a directory: remote contexts are not supported yet`,
      { subject: build.context },
    );
  }
  try {
    const packed = await packContext(build.context, { dockerfile: dockerfileOf(build), signal });
    const messages = client.builds.build(packed.tar, {
      dockerfile: packed.dockerfile,
      tags: [image, ...build.tags],
      buildArgs: build.args,
      labels: { ...build.labels, [label.project]: project.name, [label.service]: service.name },
      target: build.target,
      noCache: build.noCache,
      pull: build.pull,
      networkMode: build.network,
      extraHosts: build.extraHosts,
      shmSize: build.shmSize,
      platform: service.platform,
      signal,
    });
    for await (const text of lines(failOnError(messages)))
      report({ kind: "output", source: service.name, text });
  } catch (error) {
    signal.throwIfAborted();
    throw new EngineError(
      error instanceof EngineError ? error.kind : "internal",
      `target ${service.name}: failed to solve: ${messageOf(error)}`,
      { subject: service.name, cause: error },
    );
  }
}

function dockerfileOf(build: BuildSpec): string | { content: string } {
  return build.inline === undefined ? resolve(build.context, build.dockerfile) : { content: build.inline };
}

/** Fetches an image; throws with a word on what to do when the engine cannot. */
export async function pullImage(
  client: ComposeClient,
  { image, service, platform }: PullOperation,
  { signal, report }: StepContext,
): Promise<void> {
  try {
    const messages = failOnError(client.images.pull(withTag(image), { platform, signal }));
    for await (const { id, status, progressDetail } of messages) {
      // Byte counts are for bars: a log of them helps nobody.
      if (status === undefined || progressDetail?.current !== undefined) continue;
      report({ kind: "output", source: service, text: id === undefined ? status : `${id}: ${status}` });
    }
  } catch (error) {
    signal.throwIfAborted();
    throw new EngineError(
      error instanceof EngineError ? error.kind : "internal",
      `service "${service}": image ${image} is missing and cannot be pulled: ${messageOf(error)}`,
      { subject: image, cause: error },
    );
  }
}

/** Without a tag a pull would mean all tags. */
function withTag(image: string): string {
  return /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
}

/** The text of a progress stream, cut into lines. */
async function* lines(messages: AsyncIterable<ProgressMessage>): AsyncGenerator<string> {
  let rest = "";
  for await (const { stream = "" } of messages) {
    const cut = (rest + stream).split(/\r?\n/);
    rest = cut.pop() ?? "";
    yield* cut;
  }
  if (rest !== "") yield rest;
}
