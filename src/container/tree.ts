import { join } from "node:path";
import type { Mount } from "../oci/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { mountSource } from "./mount-source.ts";
import { isLive } from "./state.ts";
import type { ContainerRecord, MountRecord } from "./types.ts";

/** A path of a container, and the tree in which it lies. */
export interface Located {
  readonly mounts: readonly Mount[];
  readonly path: string;
  /** What a user may not write to. */
  readonly readOnly: "no" | "rootfs" | "volume";
}

/**
 * Finds where `path` of a container lies: a running one shows its own view with all mounts; of a stopped one the
 * volume or bind that covers the path, else its root file system.
 */
export async function locate(
  needs: Pick<Collaborators, "snapshots">,
  record: ContainerRecord,
  path: string,
  use: "read" | "write",
): Promise<Located> {
  const absolute = path.startsWith("/") ? path : `/${path}`;
  const clean = join("/", absolute);
  const cover = record.mounts
    .filter((mount) => clean === mount.destination || clean.startsWith(`${mount.destination}/`))
    .sort((a, b) => b.destination.length - a.destination.length)[0];
  const readOnly = protection(record, cover);
  if (isLive(record.state)) {
    const source = `/proc/${record.state.pid}/root`;
    return { mounts: [{ type: "bind", source, options: [] }], path: absolute, readOnly };
  }
  if (cover?.image) return await inImage(needs, cover, { path: absolute, use, readOnly });
  if (cover && cover.type !== "tmpfs") {
    const source = mountSource(cover);
    const rest = absolute.slice(cover.destination.length) || "/.";
    return { mounts: [{ type: "bind", source, options: [] }], path: rest, readOnly };
  }
  const mounts = await needs.snapshots.mounts(record.id);
  return { mounts: use === "read" ? readOnlyView(mounts) : mounts, path: absolute, readOnly };
}

function protection(record: ContainerRecord, cover: MountRecord | undefined): Located["readOnly"] {
  if (cover) return cover.writable ? "no" : "volume";
  return record.hostConfig.ReadonlyRootfs ? "rootfs" : "no";
}

/** A path of a stopped container below an image that it mounts. */
async function inImage(
  needs: Pick<Collaborators, "snapshots">,
  cover: MountRecord,
  { path, use, readOnly }: Pick<Located, "path" | "readOnly"> & { readonly use: "read" | "write" },
): Promise<Located> {
  const rest = path.slice(cover.destination.length) || "/.";
  const mounts = await needs.snapshots.mounts(cover.image?.snapshot ?? "");
  return {
    mounts: use === "read" ? readOnlyView(mounts) : mounts,
    path: cover.subpath ? `/${cover.subpath}${rest}` : rest,
    readOnly,
  };
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
