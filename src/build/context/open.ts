import { chmod, mkdir, readdir, readFile, rmdir, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import {
  codeOf,
  createIgnoreMatcher,
  EngineError,
  type IgnoreMatcher,
  readIgnoreFile,
} from "../../base/index.ts";
import type { LayerTools } from "../../layer/index.ts";
import { removeTree } from "../../sys/index.ts";
import { joinPath, resolveBeneath } from "../tree/index.ts";

export interface BuildContext {
  /** Directory with the files of the context; belongs to the build alone. */
  readonly directory: string;
  /** The Dockerfile's path in the context as it is named in messages. */
  readonly dockerfile: string;
  readonly dockerfileBytes: Uint8Array;
}

/**
 * Unpacks a context into `directory` (made here), reads its Dockerfile, and takes away what its ignore file
 * excludes. Throws `invalid` in Docker's words when there is no Dockerfile, and for a hostile archive.
 */
export async function openContext(
  layers: Pick<LayerTools, "extract">,
  options: {
    readonly archive: AsyncIterable<Uint8Array>;
    readonly directory: string;
    readonly dockerfile: string;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<BuildContext> {
  const { archive, directory, signal } = options;
  await mkdir(directory, { recursive: true });
  const mounts = [{ type: "bind" as const, source: directory, options: ["bind"] }];
  await layers.extract(archive, mounts, { directory: "/", ...(signal ? { signal } : {}) });
  const { path, bytes } = await readDockerfile(directory, options.dockerfile);
  const ignore = await readIgnore(directory, path);
  if (ignore) await removeExcluded(directory, "", ignore);
  await chmod(directory, 0o755);
  await utimes(directory, rootTime, rootTime);
  return { directory, dockerfile: path, dockerfileBytes: bytes };
}

/** The root of a context has no time of its own; a fixed one keeps copies of it the same. 2020-01-01. */
const rootTime = 1_577_836_800;

async function readDockerfile(
  directory: string,
  wanted: string,
): Promise<{ path: string; bytes: Uint8Array }> {
  const candidates = wanted === "Dockerfile" || wanted === "" ? ["Dockerfile", "dockerfile"] : [wanted];
  for (const path of candidates) {
    const bytes = await readBeneath(directory, path);
    if (bytes) return { path, bytes };
  }
  const name = candidates[0] ?? wanted;
  throw new EngineError("invalid", `Cannot locate specified Dockerfile: ${name}`, { subject: name });
}

async function readIgnore(directory: string, dockerfile: string): Promise<IgnoreMatcher | undefined> {
  const bytes =
    (await readBeneath(directory, `${dockerfile}.dockerignore`)) ??
    (await readBeneath(directory, ".dockerignore"));
  if (!bytes) return undefined;
  const patterns = readIgnoreFile(new TextDecoder().decode(bytes));
  return patterns.length > 0 ? createIgnoreMatcher(patterns) : undefined;
}

async function readBeneath(directory: string, path: string): Promise<Uint8Array | undefined> {
  const found = await resolveBeneath(directory, path);
  return found?.stats.isFile() ? await readFile(join(directory, found.path)) : undefined;
}

/** Directories keep their times, whatever is taken out of them. */
async function removeExcluded(root: string, path: string, ignore: IgnoreMatcher): Promise<void> {
  const directory = join(root, path);
  const { atime, mtime } = await stat(directory);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const inner = joinPath(path, entry.name);
    const excluded = ignore.excluded(inner);
    const isEntered = entry.isDirectory() && (!excluded || ignore.mayReinclude(inner));
    if (isEntered) await removeExcluded(root, inner, ignore);
    if (!excluded) continue;
    if (isEntered) await removeIfEmpty(join(root, inner));
    else await removeTree(join(root, inner));
  }
  await utimes(directory, atime, mtime);
}

async function removeIfEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    if (codeOf(error) !== "ENOTEMPTY") throw error;
  }
}
