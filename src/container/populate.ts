import { join } from "node:path";
import { EngineError, isKind } from "../base/index.ts";
import type { Mount } from "../oci/index.ts";
import type { Collaborators } from "./collaborators.ts";
import type { ContainerRecord } from "./types.ts";

/**
 * Before the first run with an empty volume: copies what the image holds at the mount point into it, owners and
 * modes kept. A volume that holds anything, or is mounted with `nocopy`, stays as it is.
 */
export async function populateVolumes(
  needs: Pick<Collaborators, "volumes" | "layers">,
  record: ContainerRecord,
  rootfs: readonly Mount[],
): Promise<void> {
  for (const mount of record.mounts) {
    if (mount.type !== "volume" || mount.name === undefined || mount.noCopy || mount.subpath) continue;
    if (!needs.volumes.find(mount.name)) {
      throw new EngineError("not-found", `get ${mount.name}: no such volume`, { subject: mount.name });
    }
    if (await needs.volumes.isEmpty(mount.name))
      await copyInto(needs, rootfs, mount.destination, mount.source);
  }
}

async function copyInto(
  needs: Pick<Collaborators, "layers">,
  rootfs: readonly Mount[],
  from: string,
  volume: string,
): Promise<void> {
  const target: Mount = { type: "bind", source: volume, options: ["rbind", "rw"] };
  try {
    const archive = needs.layers.pack(rootfs, join(from, "."));
    await needs.layers.extract(archive, [target], { directory: "/" });
  } catch (error) {
    // The image has nothing at the mount point: the volume starts empty.
    if (!isKind(error, "not-found")) throw error;
  }
}
