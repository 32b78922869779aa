import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import type { FilesystemChange } from "../wire/index.ts";
import type { Collaborators } from "./collaborators.ts";
import type { ContainerRecord } from "./types.ts";

/** Where the runtime mounts something in every container: what it makes there is no change of the container's. */
const ownMountPoints = [
  "/dev",
  "/dev/console",
  "/dev/mqueue",
  "/dev/pts",
  "/dev/shm",
  "/etc/hostname",
  "/etc/hosts",
  "/etc/mtab",
  "/etc/resolv.conf",
  "/proc",
  "/sys",
];

/** What a container changed against its image, sorted by path: 0 modified, 1 added, 2 deleted. */
export async function containerChanges(
  needs: Pick<Collaborators, "store" | "snapshots">,
  reference: string,
): Promise<FilesystemChange[]> {
  const record = needs.store.get(reference);
  const upper = await needs.snapshots.upperDirectory(record.id);
  const lowers = await lowerDirectories(needs, record);
  const changes = await walkChanges(upper, lowers);
  const hidden = new Set([...ownMountPoints, ...record.mounts.map((mount) => mount.destination)]);
  return withoutMountPoints(changes, hidden).sort((a, b) => (a.Path < b.Path ? -1 : 1));
}

/** Lower directories of a container's root file system, uppermost first. */
async function lowerDirectories(
  needs: Pick<Collaborators, "snapshots">,
  record: ContainerRecord,
): Promise<string[]> {
  const mounts = await needs.snapshots.mounts(record.id);
  const option = mounts[0]?.options.find((word) => word.startsWith("lowerdir="));
  return option ? option.slice("lowerdir=".length).split(/(?<!\\):/) : [];
}

/** Compares an overlay's upper directory with what lies below it. */
export async function walkChanges(upper: string, lowers: readonly string[]): Promise<FilesystemChange[]> {
  const changes: FilesystemChange[] = [];
  const pending = [""];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    for await (const entry of await opendir(join(upper, path))) {
      const child = `${path}/${entry.name}`;
      const info = await lstat(join(upper, child));
      if (info.isCharacterDevice() && info.rdev === 0) {
        changes.push({ Path: child, Kind: 2 });
        continue;
      }
      changes.push({ Path: child, Kind: (await existsBelow(lowers, child)) ? 0 : 1 });
      if (info.isDirectory()) pending.push(child);
    }
  }
  return changes;
}

async function existsBelow(lowers: readonly string[], path: string): Promise<boolean> {
  for (const lower of lowers) {
    const info = await lstat(join(lower, path)).catch(() => undefined);
    if (info) return !(info.isCharacterDevice() && info.rdev === 0);
  }
  return false;
}

/** Drops mount points, and directories that stand here only because a mount point lies in them. */
function withoutMountPoints(
  changes: readonly FilesystemChange[],
  hidden: ReadonlySet<string>,
): FilesystemChange[] {
  const kept = changes.filter((change) => !hidden.has(change.Path));
  const parents = new Set(kept.map((change) => change.Path.slice(0, change.Path.lastIndexOf("/"))));
  const isEmptyShell = (change: FilesystemChange): boolean =>
    change.Kind !== 2 &&
    ![...parents].some((parent) => parent === change.Path || parent.startsWith(`${change.Path}/`)) &&
    [...hidden].some((path) => path.startsWith(`${change.Path}/`));
  return kept.filter((change) => !isEmptyShell(change));
}
