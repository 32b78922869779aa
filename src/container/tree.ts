import { join } from "node:path";
import { isKind } from "../base/index.ts";
import type { Over } from "../layer/index.ts";
import type { Mount } from "../oci/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { mountSource } from "./mount-source.ts";
import { isLive } from "./state.ts";
import type { ContainerRecord, MountRecord } from "./types.ts";

/** A path of a container, and the tree in which it lies. */
export interface Located {
  readonly mounts: readonly Mount[];
  /** What lies over the tree of a container that does not run: its volumes and binds. */
  readonly over: readonly Over[];
  readonly path: string;
}

/**
 * Finds where `path` of a container lies: a running one shows its own view with all mounts; of a stopped one its root
 * file system, with volumes and binds over it as they would be. What a user may not write to cannot be written to.
 */
export async function locate(
  needs: Pick<Collaborators, "snapshots">,
  record: ContainerRecord,
  path: string,
  use: "read" | "write",
): Promise<Located> {
  const absolute = path.startsWith("/") ? path : `/${path}`;
  if (isLive(record.state)) {
    const source = `/proc/${record.state.pid}/root`;
    return { mounts: [{ type: "bind", source, options: [] }], over: [], path: absolute };
  }
  const cover = coverOf(record, absolute);
  if (cover?.image) return await inImage(needs, cover, { path: absolute, use });
  const mounts = await needs.snapshots.mounts(record.id);
  return { mounts: use === "read" ? readOnlyView(mounts) : mounts, over: oversOf(record), path: absolute };
}

/** Outer ones first. Memory file systems are empty while the container does not run. */
function oversOf(record: ContainerRecord): Over[] {
  return record.mounts
    .flatMap((mount) => {
      const source = mount.type === "tmpfs" || mount.image ? undefined : sourceOf(mount);
      return source === undefined ? [] : [{ source, target: mount.destination, readOnly: !mount.writable }];
    })
    .sort((a, b) => a.target.length - b.target.length);
}

/** Undefined where the volume lacks the subpath: the container could not be started, but has its other files. */
function sourceOf(mount: MountRecord): string | undefined {
  try {
    return mountSource(mount);
  } catch (error) {
    if (isKind(error, "invalid")) return undefined;
    throw error;
  }
}

/** The mount that a path lies in, as it is written. */
function coverOf(record: ContainerRecord, path: string): MountRecord | undefined {
  const clean = join("/", path);
  return record.mounts
    .filter((mount) => clean === mount.destination || clean.startsWith(`${mount.destination}/`))
    .sort((a, b) => b.destination.length - a.destination.length)[0];
}

/** A path of a stopped container below an image that it mounts. */
async function inImage(
  needs: Pick<Collaborators, "snapshots">,
  cover: MountRecord,
  { path, use }: { readonly path: string; readonly use: "read" | "write" },
): Promise<Located> {
  const rest = path.slice(cover.destination.length) || "/.";
  const mounts = await needs.snapshots.mounts(cover.image?.snapshot ?? "");
  return {
    mounts: use === "read" ? readOnlyView(mounts) : mounts,
    over: [],
    path: cover.subpath ? `/${cover.subpath}${rest}` : rest,
  };
}

/** Which read-only thing of a container covers `path` as it is written; undefined when none does. */
export function readOnlyAt(record: ContainerRecord, path: string): "rootfs" | "volume" | undefined {
  const cover = coverOf(record, path);
  if (cover) return cover.writable ? undefined : "volume";
  return record.hostConfig.ReadonlyRootfs ? "rootfs" : undefined;
}

/** The same tree as a stack that nobody writes to, so that a container may go on writing to its upper directory. */
export function readOnlyView(mounts: readonly Mount[]): readonly Mount[] {
  return mounts.map((mount) => {
    if (mount.type !== "overlay") return mount;
    const value = (name: string) =>
      mount.options.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
    const lowers = [value("upperdir"), value("lowerdir")].filter((part) => part !== undefined && part !== "");
    const rest = mount.options.filter((word) => !/^(lowerdir|upperdir|workdir)=|^rw$/.test(word));
    return { ...mount, options: ["ro", ...rest, `lowerdir=${lowers.join(":")}`] };
  });
}
