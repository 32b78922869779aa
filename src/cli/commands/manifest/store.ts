import { join } from "node:path";
import { atomicWrite, codeOf } from "../../../base/index.ts";
import type { ManifestDescriptor, RegistryManifest } from "../../../wire/index.ts";
import type { Cli } from "../../cli.ts";
import { ExitError } from "../../exit.ts";

/** A manifest of a local list, as Docker's command line keeps it. */
export interface StoredManifest extends RegistryManifest {
  /** The document once more, for those who look into the file; by its kind. */
  readonly SchemaV2Manifest?: unknown;
  readonly OCIManifest?: unknown;
}

type At = Pick<Cli, "configDirectory">;

/** The manifests of a local list in the order of their names; undefined when there is no such list. */
export async function readList(cli: At, list: string): Promise<StoredManifest[] | undefined> {
  const { readdir } = await import("node:fs/promises");
  const directory = placeOf(cli, list);
  const names = await readdir(directory).catch(absent);
  if (names === undefined) return undefined;
  const visible = names.filter((name) => !name.startsWith(".")).sort();
  return Promise.all(visible.map((name) => readStored(join(directory, name))));
}

/** One manifest of a local list; undefined when it is not in it. */
export async function findStored(
  cli: At,
  list: string,
  reference: string,
): Promise<StoredManifest | undefined> {
  const manifests = await readList(cli, list);
  return manifests?.find((one) => one.Ref === reference);
}

/** Puts manifests into a local list, each in place of the one of the same name. */
export async function writeStored(
  cli: At,
  list: string,
  manifests: readonly RegistryManifest[],
): Promise<void> {
  const { mkdir } = await import("node:fs/promises");
  const directory = placeOf(cli, list);
  await mkdir(directory, { recursive: true, mode: 0o755 });
  for (const manifest of manifests) {
    await atomicWrite(join(directory, fileName(manifest.Ref)), JSON.stringify(withDocument(manifest)));
  }
}

/** Removes a local list. False when there is none. */
export async function removeList(cli: At, list: string): Promise<boolean> {
  const { rm, stat } = await import("node:fs/promises");
  const directory = placeOf(cli, list);
  if ((await stat(directory).catch(absent)) === undefined) return false;
  await rm(directory, { recursive: true });
  return true;
}

/** Adds the document itself, as Docker's files have it. */
export function withDocument(manifest: RegistryManifest): StoredManifest {
  const { Ref, Descriptor, Raw } = manifest;
  const document: unknown = JSON.parse(Buffer.from(Raw, "base64").toString("utf8"));
  const key = Descriptor.mediaType.includes("vnd.oci.") ? "OCIManifest" : "SchemaV2Manifest";
  return { Ref, Descriptor, Raw, [key]: document };
}

/** References hold no path: what separates their parts becomes `_` and `-`, as in Docker's store. */
function fileName(reference: string): string {
  return reference.replaceAll(":", "-").replaceAll("/", "_");
}

function placeOf(cli: At, list: string): string {
  return join(cli.configDirectory, "manifests", fileName(list));
}

async function readStored(path: string): Promise<StoredManifest> {
  const { readFile } = await import("node:fs/promises");
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    if (isStored(value)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new ExitError(1, `Cannot read ${path}: it holds no manifest`);
}

function isStored(value: unknown): value is StoredManifest {
  if (typeof value !== "object" || value === null) return false;
  if (!("Ref" in value && "Raw" in value && "Descriptor" in value)) return false;
  return typeof value.Ref === "string" && typeof value.Raw === "string" && isDescriptor(value.Descriptor);
}

function isDescriptor(value: unknown): value is ManifestDescriptor {
  if (typeof value !== "object" || value === null) return false;
  return "mediaType" in value && "digest" in value && "size" in value;
}

function absent(error: unknown): undefined {
  if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
  throw error;
}
