import type { Stats } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../base/index.ts";
import type { Mount } from "../oci/index.ts";
import { isWhiteout, type LookBefore } from "../snapshot/index.ts";
import type { FilesystemChange } from "../wire/index.ts";
import type { Collaborators } from "./collaborators.ts";
import type { ContainerRecord } from "./types.ts";
import { containerMark } from "./writable-layer.ts";

/** What every container has, mounted or made: it is no change of the container's. */
export const ownMountPoints: readonly string[] = [
  containerMark,
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
  // What is gone counts as gone, unless all of it went because the container did.
  needs.store.get(record.id);
  await needs.snapshots.upperDirectory(record.id);
  const hidden = new Set([...ownMountPoints, ...record.mounts.map((mount) => mount.destination)]);
  return withoutMountPoints(changes, hidden).sort((a, b) => (a.Path < b.Path ? -1 : 1));
}

/** Lower directories of a container's root file system, uppermost first. */
async function lowerDirectories(
  needs: Pick<Collaborators, "snapshots">,
  record: ContainerRecord,
): Promise<string[]> {
  return lowersOf(await needs.snapshots.mounts(record.id));
}

/** Lower directories of an overlay mount, uppermost first. */
function lowersOf(mounts: readonly Mount[]): string[] {
  const option = mounts[0]?.options.find((word) => word.startsWith("lowerdir="));
  return option ? option.slice("lowerdir=".length).split(/(?<!\\):/) : [];
}

/** Finds what a mount shows below its writable layer; undefined for what is not there or was deleted. */
export function lookBelow(mounts: readonly Mount[]): LookBefore {
  const lowers = lowersOf(mounts);
  return async (path) => {
    for (const lower of lowers) {
      const info = await lstat(join(lower, path)).catch(() => undefined);
      if (!info) continue;
      if (isWhiteout(info)) return undefined;
      return { mode: info.mode & 0o7777, uid: info.uid, gid: info.gid };
    }
    return undefined;
  };
}

/** Compares an overlay's upper directory with what lies below it. A running container may change it meanwhile. */
export async function walkChanges(upper: string, lowers: readonly string[]): Promise<FilesystemChange[]> {
  const changes: FilesystemChange[] = [];
  const pending = [""];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    for (const name of (await unlessGone(readdir(join(upper, path)))) ?? []) {
      const child = `${path}/${name}`;
      const info = await unlessGone(lstat(join(upper, child)));
      if (!info) continue;
      changes.push({ Path: child, Kind: await kindOf(info, lowers, child) });
      if (info.isDirectory()) pending.push(child);
    }
  }
  return changes;
}

async function kindOf(info: Stats, lowers: readonly string[], path: string): Promise<0 | 1 | 2> {
  if (isWhiteout(info)) return 2;
  return (await existsBelow(lowers, path)) ? 0 : 1;
}

async function unlessGone<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

async function existsBelow(lowers: readonly string[], path: string): Promise<boolean> {
  for (const lower of lowers) {
    const info = await lstat(join(lower, path)).catch(() => undefined);
    if (info) return !isWhiteout(info);
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
