import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, EngineError, shortID } from "../base/index.ts";
import type { Image } from "../image/index.ts";
import {
  familiarName,
  formatReference,
  hostPlatform,
  type Platform,
  parsePlatform,
  parseReference,
  withDefaultTag,
} from "../oci/index.ts";
import { removeTree } from "../sys/index.ts";
import { openContext } from "./context/index.ts";
import { lower, outline, type Plan, parseDockerfile, parseProgram, proxyEnv } from "./dockerfile/index.ts";
import type { BuildSession } from "./ops/index.ts";
import type { BuildShared } from "./options.ts";
import { resolveImages } from "./resolve-images.ts";
import { runPlan } from "./run-plan.ts";
import { directoryTree } from "./tree/index.ts";
import type { BuildEvent, BuildRequest } from "./types.ts";

/** One build from its context to its names; see `Builder.build`. Leaves nothing temporary behind. */
export async function runBuild(
  shared: BuildShared,
  request: BuildRequest,
  report: (event: BuildEvent) => void,
): Promise<{ imageID: Digest }> {
  const tags = request.tags.map(parseTag);
  const platform = request.platform ? parsePlatform(request.platform) : undefined;
  const directory = await mkdtemp(join(shared.temporaryDirectory, "build-"));
  using lease = shared.images.lease();
  const spoken = speaker(request.quiet, report);
  try {
    const { plan, session, images } = await prepare(shared, request, { directory, platform });
    const image = await runPlan(shared, { plan, session, images, lease, request, tags, say: spoken.say });
    report({ imageID: image.id });
    announce(image, tags, request.quiet, report);
    return { imageID: image.id };
  } catch (error) {
    spoken.reveal();
    throw error;
  } finally {
    await removeTree(directory);
  }
}

function parseTag(tag: string): string {
  const reference = withDefaultTag(parseReference(tag));
  if (reference.digest !== undefined) {
    throw new EngineError("invalid", "refusing to create a tag with a digest reference", { subject: tag });
  }
  return formatReference(reference);
}

/** Characters that a quiet build keeps, for the case that it fails. */
const mostKept = 1024 * 1024;

/** Quiet builds keep their words, and show them only when they fail. */
function speaker(quiet: boolean, report: (event: BuildEvent) => void) {
  let kept = "";
  return {
    say(text: string): void {
      if (quiet) kept = (kept + text).slice(-mostKept);
      else report({ stream: text });
    },
    reveal(): void {
      if (kept !== "") report({ stream: kept });
    },
  };
}

function announce(
  image: Image,
  tags: readonly string[],
  quiet: boolean,
  report: (event: BuildEvent) => void,
): void {
  if (quiet) {
    report({ stream: `${image.id}\n` });
    return;
  }
  report({ stream: `Successfully built ${shortID(image.id)}\n` });
  for (const tag of tags) report({ stream: `Successfully tagged ${familiarName(tag)}\n` });
}

interface Prepared {
  readonly plan: Plan;
  readonly session: BuildSession;
  readonly images: ReadonlyMap<string, Image>;
}

async function prepare(
  shared: BuildShared,
  request: BuildRequest,
  { directory, platform }: { directory: string; platform: Platform | undefined },
): Promise<Prepared> {
  const { signal, buildArgs, target } = request;
  const context = await openContext(shared.layers, {
    archive: request.context,
    directory: join(directory, "context"),
    dockerfile: request.dockerfile,
    signal,
  });
  const dockerfile = parseDockerfile(context.dockerfileBytes, context.dockerfile);
  const program = parseProgram(dockerfile);
  const own = hostPlatform();
  const values = {
    buildArgs,
    platform: platform ?? own,
    buildPlatform: own,
    targetStage: target ?? "default",
  };
  const outlined = outline(program, { ...(target === undefined ? {} : { target }), values });
  const needs = { images: shared.images, pullImage: request.pullImage };
  const images = await resolveImages(needs, outlined, { pull: request.pull, platform, signal });
  const plan = lower(outlined, { values, images, labels: request.labels });
  const session: BuildSession = {
    context: directoryTree(context.directory),
    directory,
    known: new Map(),
    network: networkOf(request.networkMode),
    extraHosts: request.extraHosts,
    shmSize: request.shmSize,
    hiddenEnv: proxyEnv(buildArgs),
  };
  const warnings = dockerfile.warnings.map(({ message, line }) => `[WARNING]: ${message} in line ${line}`);
  return { plan: { ...plan, warnings: [...warnings, ...plan.warnings] }, session, images };
}

function networkOf(mode: string | undefined): string {
  return mode === undefined || mode === "" || mode === "default" ? "bridge" : mode;
}
