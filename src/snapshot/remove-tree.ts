import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** Trees of more directories, or deeper ones, are left to the one who removes large trees. */
const mostDirectories = 64;
const mostDepth = 16;

/**
 * Removes a tree. What the runtime offers takes the square of the depth, so that a layer of deeply nested directories
 * would keep it busy for hours; `removeLarge` is called for trees that are not plainly small.
 */
export async function removeTree(path: string, removeLarge?: (path: string) => Promise<void>): Promise<void> {
  if (removeLarge && !(await isSmall(path))) await removeLarge(path).catch(() => undefined);
  // What is left, be it all: this tells what stands in the way.
  await rm(path, { recursive: true, force: true });
}

async function isSmall(top: string): Promise<boolean> {
  const queue = [{ path: top, depth: 0 }];
  for (let seen = 0; seen < queue.length; seen += 1) {
    const next = queue[seen];
    if (!next) break;
    if (queue.length > mostDirectories || next.depth > mostDepth) return false;
    const entries = await readdir(next.path, { withFileTypes: true }).catch(() => []);
    for (const entry of entries)
      if (entry.isDirectory()) queue.push({ path: join(next.path, entry.name), depth: next.depth + 1 });
  }
  return true;
}
