import { isKind, messageOf } from "../../../base/index.ts";
import type { ContainerCreateRequest, ContainerCreateResponse } from "../../../wire/index.ts";
import type { Cli } from "../../cli.ts";
import type { FlagValues } from "../../flags/index.ts";

/** Creates the container, pulling its image first where the flags and the engine ask for it. */
export async function createContainer(
  cli: Cli,
  flags: FlagValues,
  request: ContainerCreateRequest,
): Promise<ContainerCreateResponse> {
  const image = request.Image ?? "";
  const options = { name: flags.find("name"), platform: flags.find("platform") };
  const pull = flags.text("pull");
  if (!["always", "missing", "never"].includes(pull)) {
    throw new Error(`invalid pull option: '${pull}': must be one of "always", "missing" or "never"`);
  }
  const cidFile = flags.find("cidfile");
  if (cidFile) await checkCidFile(cidFile);
  if (pull === "always") await pullFor(cli, flags, image);
  const created = await cli.client.containers.create(request, options).catch(async (error: unknown) => {
    if (pull !== "missing" || !isKind(error, "not-found") || !error.message.startsWith("No such image"))
      throw error;
    if (!flags.bool("quiet")) await cli.err.write(`Unable to find image '${withTag(image)}' locally\n`);
    await pullFor(cli, flags, image);
    return await cli.client.containers.create(request, options);
  });
  for (const warning of created.Warnings ?? []) await cli.err.write(`WARNING: ${warning}\n`);
  if (cidFile) await writeCidFile(cidFile, created.Id);
  return created;
}

async function pullFor(cli: Cli, flags: FlagValues, image: string): Promise<void> {
  const { pullImage } = await import("../image/pull-image.ts");
  const out = flags.bool("quiet") ? undefined : cli.err;
  await pullImage(cli, image, { out, platform: flags.find("platform") });
}

function withTag(image: string): string {
  return /@|:[^/]*$/.test(image) ? image : `${image}:latest`;
}

async function checkCidFile(path: string): Promise<void> {
  const { stat } = await import("node:fs/promises");
  const found = await stat(path).catch(() => undefined);
  if (found) {
    throw new Error(`container ID file found, make sure the other container isn't running or delete ${path}`);
  }
}

async function writeCidFile(path: string, id: string): Promise<void> {
  const { writeFile } = await import("node:fs/promises");
  await writeFile(path, id).catch((error: unknown) => {
    throw new Error(`failed to write the container ID to the file: ${messageOf(error)}`);
  });
}
