import type { Stats } from "node:fs";
import { lstat, readlink } from "node:fs/promises";
import { codeOf } from "../../base/index.ts";

const mostLinks = 40;

export interface Resolved {
  /** From the root, without links and dots; empty for the root itself. */
  readonly path: string;
  readonly stats: Stats;
}

/**
 * Finds `path` below `root`, resolving symbolic links inside that root only: absolute targets start there and `..`
 * stops there. Undefined when something on the way is absent. `root` must not change meanwhile.
 */
export async function resolveBeneath(root: string, path: string): Promise<Resolved | undefined> {
  const walk: Walk = { root, at: [], rest: path.split("/"), links: 0 };
  let stats = await lstat(root);
  for (let name = walk.rest.shift(); name !== undefined; name = walk.rest.shift()) {
    if (name === "" || name === ".") continue;
    if (name === "..") walk.at.pop();
    else if (!stats.isDirectory() || !(await step(walk, name))) return undefined;
    stats = await lstat([root, ...walk.at].join("/"));
  }
  return { path: walk.at.join("/"), stats };
}

interface Walk {
  readonly root: string;
  /** Names from the root to where the walk is. */
  at: string[];
  /** Names still to go. */
  rest: string[];
  links: number;
}

/** Goes into `name`, or puts the target of a link in its place. False when it is absent. */
async function step(walk: Walk, name: string): Promise<boolean> {
  const full = [walk.root, ...walk.at, name].join("/");
  const stats = await find(full);
  if (!stats) return false;
  if (!stats.isSymbolicLink()) {
    walk.at.push(name);
    return true;
  }
  walk.links += 1;
  const target = await readlink(full);
  if (target.startsWith("/")) walk.at = [];
  walk.rest = [...target.split("/"), ...walk.rest];
  return walk.links <= mostLinks;
}

async function find(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG") return undefined;
    throw error;
  }
}
