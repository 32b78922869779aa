import { type Digest, EngineError } from "../base/index.ts";
import { chainIDs } from "../oci/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { writeIndex } from "./index-file.ts";
import type { Image } from "./types.ts";
import { unpack } from "./unpack.ts";

/** See `ImageService.recover`. */
export async function recoverImages(
  needs: Collaborators,
): Promise<{ restored: readonly Digest[]; lost: readonly Digest[] }> {
  const restored: Digest[] = [];
  const lost: Digest[] = [];
  for (const image of needs.records.list()) {
    const chain = chainIDs(image.config.rootfs.diff_ids);
    const there = await Promise.all(chain.map((one) => needs.snapshots.has(one)));
    if (there.every(Boolean)) {
      needs.settler.request(chain);
      continue;
    }
    ((await restore(needs, image)) ? restored : lost).push(image.id);
  }
  for (const id of lost) needs.records.remove(id);
  // A kill may have come between a change of the records and this.
  await writeIndex(needs);
  return { restored, lost };
}

/** False when a blob is gone or not what it was: nothing brings the image back then. */
async function restore(needs: Collaborators, image: Image): Promise<boolean> {
  using lease = needs.leases.open();
  const diffIDs = image.config.rootfs.diff_ids;
  try {
    await unpack(needs, { layers: image.manifest.layers, diffIDs }, { lease });
  } catch (error) {
    if (error instanceof EngineError && (error.kind === "not-found" || error.kind === "invalid"))
      return false;
    throw error;
  }
  needs.settler.request(chainIDs(diffIDs));
  return true;
}
