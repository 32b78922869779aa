import { EngineError } from "../../base/index.ts";
import type { LayerTools } from "../../layer/index.ts";
import type { Mount } from "../../oci/index.ts";
import { clamp, statTree } from "../tree/index.ts";
import type { Arrival } from "./copy-files.ts";

/**
 * Looks where a copy arrives: whether the destination is a directory, and which directories on the way are
 * missing. Without `mounts` the tree is empty.
 */
export async function findArrival(
  layers: Pick<LayerTools, "pack">,
  mounts: readonly Mount[] | undefined,
  destination: string,
  wantsDirectory: boolean,
): Promise<Arrival> {
  const segments = clamp(destination);
  const path = segments.join("/");
  const isThere = async (length: number): Promise<"directory" | "other" | undefined> => {
    if (length === 0) return "directory";
    const at = mounts && (await statTree(layers, mounts, segments.slice(0, length).join("/")));
    if (!at) return undefined;
    return at.type === "directory" ? "directory" : "other";
  };
  const there = await isThere(segments.length);
  if (there === "directory") return { path, isDirectory: true, missing: [], exists: true };
  if (there === "other") {
    if (!wantsDirectory) return { path, isDirectory: false, missing: [], exists: false };
    throw new EngineError("invalid", `cannot copy to non-directory: ${destination}`, {
      subject: destination,
    });
  }
  let known = segments.length - 1;
  while (!(await isThere(known))) known -= 1;
  const last = wantsDirectory ? segments.length : segments.length - 1;
  const missing = segments.slice(known, last).map((_, at) => segments.slice(0, known + at + 1).join("/"));
  return { path, isDirectory: wantsDirectory, missing, exists: false };
}
