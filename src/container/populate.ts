import { lstatSync } from "node:fs";
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
    if (mount.type !== "volume" || mount.name === undefined) continue;
    if (!needs.volumes.find(mount.name)) {
      throw new EngineError("not-found", `get ${mount.name}: no such volume`, { subject: mount.name });
    }
    if (mount.noCopy || mount.subpath || !(await needs.volumes.isEmpty(mount.name))) continue;
    if (hasNothing(rootfs, mount.destination)) continue;
    await copyInto(needs, rootfs, mount.destination, mount.source);
  }
}

/** A quick look that saves starting a helper: true when no layer has anything at the mount point. */
function hasNothing(rootfs: readonly Mount[], path: string): boolean {
  const layers = (rootfs[0]?.options ?? [])
    .filter((word) => /^(lowerdir|upperdir)=/.test(word))
    .flatMap((word) => word.slice(word.indexOf("=") + 1).split(":"));
  const [top = ""] = path.split("/").filter((part) => part !== "");
  return layers.length > 0 && layers.every((layer) => !exists(`${layer}/${top}`));
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

async function copyInto(
  needs: Pick<Collaborators, "layers">,
  rootfs: readonly Mount[],
  from: string,
  volume: string,
): Promise<void> {
  const target: Mount = { type: "bind", source: volume, options: ["rbind", "rw"] };
  try {
    await needs.layers.apply(needs.layers.pack(rootfs, `${from}/.`, { name: "." }), [target]);
  } catch (error) {
    // The image has nothing, or no directory, at the mount point: the volume starts empty.
    if (!isKind(error, "not-found")) throw error;
  }
}
