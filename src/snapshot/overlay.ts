import { chmodSync, chownSync, statSync, utimesSync } from "node:fs";
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Mount } from "../oci/index.ts";
import { DirectorySnapshotter, type SnapshotOptions } from "./directory-snapshotter.ts";
import type { SnapshotKind } from "./kind.ts";
import type { Snapshotter } from "./types.ts";

/**
 * What an upper directory holds must be readable without the layers below it: so no redirected directories and no
 * files without data, whatever the kernel's defaults are; nor is a redirect in a foreign layer followed.
 */
const independent = ["redirect_dir=nofollow", "metacopy=off", "index=off"];

/** Snapshots that share layers through overlayfs, kept in `directory`. */
export async function openOverlaySnapshotter(
  directory: string,
  options: SnapshotOptions = {},
): Promise<Snapshotter> {
  return await DirectorySnapshotter.open(directory, overlay, options);
}

const overlay: SnapshotKind = {
  isApart: true,
  // Overlayfs makes files in the work directory and moves them: both must be of one project.
  limited: ["fs", "work"],
  async make(directory) {
    const tree = join(directory, "fs");
    await mkdir(tree);
    await chmod(tree, 0o755);
    await mkdir(join(directory, "work"), { mode: 0o700 });
  },
  inherit(directory, parent) {
    // The root of the mounted tree has the metadata of the topmost layer's root.
    const tree = join(directory, "fs");
    const { uid, gid, mode, atime, mtime } = statSync(parent);
    chownSync(tree, uid, gid);
    chmodSync(tree, mode & 0o7777);
    utimesSync(tree, atime, mtime);
  },
  mounts(active, layers) {
    if (layers.length === 0) return bind(join(active, "fs"), "rw");
    const options = [
      `lowerdir=${layers.join(":")}`,
      `upperdir=${join(active, "fs")}`,
      `workdir=${join(active, "work")}`,
      ...independent,
    ];
    return [{ type: "overlay", source: "overlay", options }];
  },
  view(layers) {
    const [only, ...more] = layers;
    if (only !== undefined && more.length === 0) return bind(only, "ro");
    return [
      { type: "overlay", source: "overlay", options: ["ro", `lowerdir=${layers.join(":")}`, ...independent] },
    ];
  },
};

function bind(source: string, access: "ro" | "rw"): readonly Mount[] {
  return [{ type: "bind", source, options: ["rbind", access] }];
}
