import { lstat, readdir, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../base/index.ts";

/** What a directory looks like in the tree that a process began with; undefined when it was not there. */
export type LookBefore = (path: string) => Promise<{ mode: number; uid: number; gid: number } | undefined>;

/**
 * Takes the mount points that the OCI runtime made for a process out of its layer: empty files and directories at
 * `destinations`, and directories that are in the layer only because something was made in them. `upper` is the
 * layer's directory, no process may use it any more; where it holds the whole tree, `older` is that of the parent.
 * Never follows a link that the process may have left there.
 */
export async function removeMountStubs(
  upper: string,
  destinations: readonly string[],
  { before, older }: { before: LookBefore; older?: string | undefined },
): Promise<void> {
  const deepestFirst = [...new Set(destinations)].sort((a, b) => b.split("/").length - a.split("/").length);
  for (const destination of deepestFirst) {
    const segments = destination.split("/").filter((segment) => segment !== "");
    if (segments.length === 0 || !(await isPlainPath(upper, segments.slice(0, -1)))) continue;
    if (older !== undefined && (await find(join(older, ...segments)))) continue;
    if (!(await removeEmpty(join(upper, ...segments)))) continue;
    await removeParents(upper, segments.slice(0, -1), { before, older });
  }
}

/** True when every segment is a real directory. */
async function isPlainPath(upper: string, segments: readonly string[]): Promise<boolean> {
  for (let length = 1; length <= segments.length; length += 1) {
    const stats = await find(join(upper, ...segments.slice(0, length)));
    if (!stats?.isDirectory()) return false;
  }
  return true;
}

async function removeEmpty(path: string): Promise<boolean> {
  const stats = await find(path);
  if (!stats) return false;
  if (stats.isDirectory()) return await removeIfEmpty(path);
  if (!stats.isFile() || stats.size > 0 || stats.nlink > 1) return false;
  await unlink(path);
  return true;
}

async function removeParents(
  upper: string,
  segments: readonly string[],
  { before, older }: { before: LookBefore; older?: string | undefined },
): Promise<void> {
  for (let length = segments.length; length > 0; length -= 1) {
    const path = join(upper, ...segments.slice(0, length));
    const stats = await find(path);
    if (!stats || (await readdir(path)).length > 0) return;
    if (older !== undefined && (await find(join(older, ...segments.slice(0, length))))) return;
    const old = await before(segments.slice(0, length).join("/"));
    const same = old && old.mode === (stats.mode & 0o7777) && old.uid === stats.uid && old.gid === stats.gid;
    if (old && !same) return;
    if (!(await removeIfEmpty(path))) return;
  }
}

async function removeIfEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOTEMPTY") return false;
    throw error;
  }
}

async function find(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}
