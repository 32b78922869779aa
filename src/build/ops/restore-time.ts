import { lstat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../../base/index.ts";
import type { LayerTools } from "../../layer/index.ts";
import type { Mount } from "../../oci/index.ts";
import { lookTree } from "../tree/index.ts";
import type { Arrival } from "./copy-files.ts";
import { stillTime } from "./still-time.ts";

const second = 1_000_000_000;

/**
 * Gives the directory that a copy wrote into the time that it had before, so that the layer depends on what was
 * copied alone. `upper` holds the layer; nothing else writes to it any more.
 */
export async function restoreTime(
  layers: Pick<LayerTools, "pack">,
  upper: string,
  { before, arrival }: { before: readonly Mount[] | undefined; arrival: Arrival },
): Promise<void> {
  const path = writtenDirectory(arrival);
  const segments = path === "" ? [] : path.split("/");
  if (!(await arePlainDirectories(upper, segments))) return;
  const old = before && (await lookTree(layers, before, path));
  const time = Number(old?.modified ?? stillTime) / second;
  await utimes(join(upper, ...segments), time, time);
}

/** The deepest directory that was there and got something new. */
function writtenDirectory(arrival: Arrival): string {
  if (arrival.exists) return arrival.path;
  const made = arrival.missing[0] ?? arrival.path;
  return made.includes("/") ? made.slice(0, made.lastIndexOf("/")) : "";
}

/** False where a link lies in the way, or where the layer does not hold the directory. */
async function arePlainDirectories(upper: string, segments: readonly string[]): Promise<boolean> {
  for (let length = 1; length <= segments.length; length += 1) {
    try {
      const stats = await lstat(join(upper, ...segments.slice(0, length)));
      if (!stats.isDirectory()) return false;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return false;
      throw error;
    }
  }
  return true;
}
