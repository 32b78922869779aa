import { isKind, messageOf } from "../../../base/index.ts";
import type { ContainerCreateRequest, ContainerCreateResponse } from "../../../wire/index.ts";
import type { Cli } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
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
  checkPlatform(options.platform ?? "");
  if (flags.find("disable-content-trust") === "false") {
    throw new Error("content trust is not served: images are verified by their digests alone");
  }
  checkPlatform(options.platform ?? "");
  if (!["always", "missing", "never"].includes(pull)) {
    throw new Error(`invalid pull option: '${pull}': must be one of "always", "missing" or "never"`);
  }
  const cidFile = flags.find("cidfile");
  if (cidFile) await checkCidFile(cidFile);
  if (pull === "always") await pullFor(cli, flags, image);
  if (flags.has("kernel-memory")) {
    await cli.err.write("WARNING: No kernel of today limits kernel memory. Limitation discarded.\n");
  }
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

/** Docker's words for a platform that cannot be one. */
function checkPlatform(text: string): void {
  const parts = text === "" ? [] : text.split("/");
  const [system = "", ...rest] = parts;
  const invalid = (part: string, what: string, pattern: string): ExitError =>
    new ExitError(
      1,
      `error parsing specified platform: ${JSON.stringify(part)} is an invalid ${what} of ${JSON.stringify(text)}: ${pattern}: invalid argument`,
    );
  const osPattern = "^([A-Za-z0-9_-]+)(?:\\(([A-Za-z0-9_.-]*)\\))?$";
  if (parts.length > 0 && !new RegExp(osPattern).test(system)) {
    throw invalid(
      system,
      "OS component",
      `OSAndVersion specifier component must match ${JSON.stringify(osPattern)}`,
    );
  }
  const bad = rest.find((part) => !/^[A-Za-z0-9_-]+$/.test(part));
  if (bad !== undefined) {
    throw invalid(bad, "component", 'platform specifier component must match "^[A-Za-z0-9_-]+$"');
  }
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
