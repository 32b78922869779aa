import { EngineError } from "../../base/index.ts";
import type { LayerTools } from "../../layer/index.ts";
import type { Mount } from "../../oci/index.ts";
import { clamp, statTree, type TreeStat } from "../tree/index.ts";
import type { Arrival } from "./copy-files.ts";

const mostLinks = 40;

/**
 * Looks where a copy arrives: whether the destination is a directory, and which directories on the way are
 * missing. A link that leads to nothing is followed to where it leads. Without `mounts` the tree is empty.
 */
export async function findArrival(
  layers: Pick<LayerTools, "pack">,
  mounts: readonly Mount[] | undefined,
  destination: string,
  wantsDirectory: boolean,
): Promise<Arrival> {
  let segments = clamp(destination);
  for (let links = 0; links <= mostLinks; links += 1) {
    const { depth, at } = await deepestThere(layers, mounts, segments);
    if (at?.type !== "symlink") return arrivalAt(segments, { depth, at, wantsDirectory });
    segments = [...clamp(at.path), ...segments.slice(depth)];
  }
  throw new EngineError("invalid", `too many symbolic links: ${destination}`, { subject: destination });
}

interface Deepest {
  /** How many segments lead there. */
  readonly depth: number;
  /** Undefined for the root. */
  readonly at: TreeStat | undefined;
}

async function deepestThere(
  layers: Pick<LayerTools, "pack">,
  mounts: readonly Mount[] | undefined,
  segments: readonly string[],
): Promise<Deepest> {
  for (let depth = segments.length; mounts && depth > 0; depth -= 1) {
    const at = await statTree(layers, mounts, segments.slice(0, depth).join("/"));
    if (at) return { depth, at };
  }
  return { depth: 0, at: undefined };
}

function arrivalAt(
  segments: readonly string[],
  { depth, at, wantsDirectory }: Deepest & { wantsDirectory: boolean },
): Arrival {
  const path = segments.join("/");
  const isThere = depth === segments.length;
  const isDirectory = at === undefined || at.type === "directory";
  if (isThere && isDirectory) return { path, isDirectory: true, missing: [], exists: true };
  if (!isDirectory && (!isThere || wantsDirectory)) {
    const inTheWay = `/${segments.slice(0, depth).join("/")}`;
    throw new EngineError("invalid", `cannot copy to non-directory: ${inTheWay}`, { subject: inTheWay });
  }
  const last = wantsDirectory ? segments.length : segments.length - 1;
  const missing = segments.slice(depth, last).map((_, more) => segments.slice(0, depth + more + 1).join("/"));
  return { path, isDirectory: wantsDirectory, missing: isThere ? [] : missing, exists: false };
}
