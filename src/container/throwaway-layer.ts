import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Mount } from "../oci/index.ts";
import type { ContainerRecord } from "./types.ts";

const workOption = "workdir=";

/**
 * The root file system of a container for a run. A writable layer that goes when the run is over need not outlive a
 * power cut: overlayfs then spares the disk the write-out of everything (`volatile`), at the end and at each sync.
 */
export async function rootfsFor(
  record: Pick<ContainerRecord, "hostConfig" | "extensions">,
  mounts: readonly Mount[],
): Promise<readonly Mount[]> {
  if (!record.hostConfig.AutoRemove && !record.extensions?.ephemeral) return mounts;
  return await Promise.all(mounts.map(unsynced));
}

async function unsynced(mount: Mount): Promise<Mount> {
  const work = mount.options.find((option) => option.startsWith(workOption))?.slice(workOption.length);
  if (mount.type !== "overlay" || work === undefined) return mount;
  // An earlier run left this mark, so that nobody takes its layer for complete after a power cut.
  const mark = join(work, "work", "incompat");
  if (existsSync(mark)) await rm(mark, { recursive: true, force: true });
  return { ...mount, options: [...mount.options, "volatile"] };
}
