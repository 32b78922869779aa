import { execFile } from "node:child_process";
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { EngineError, messageOf } from "../base/index.ts";
import { DirectorySnapshotter } from "./directory-snapshotter.ts";
import type { SnapshotKind } from "./kind.ts";
import type { Snapshotter } from "./types.ts";

/**
 * Snapshots as full copies of their parents, kept in `directory`: for hosts without overlayfs. Slow and large,
 * unless the file system can share the bytes of copied files.
 */
export async function openCopySnapshotter(directory: string): Promise<Snapshotter> {
  return await DirectorySnapshotter.open(directory, copy, {});
}

const copy: SnapshotKind = {
  isApart: false,
  async make(directory) {
    const tree = join(directory, "fs");
    await mkdir(tree);
    await chmod(tree, 0o755);
  },
  inherit: (directory, parent) => copyTree(parent, join(directory, "fs")),
  mounts: (active) => bind(join(active, "fs"), "rw"),
  view: ([top]) => bind(top ?? "", "ro"),
  older: (parent) => parent,
};

function bind(source: string, access: "ro" | "rw") {
  return [{ type: "bind" as const, source, options: ["rbind", access] }];
}

/** Copies the tree `from` into the empty one `to`. Hard links, owners, times, attributes and holes are kept. */
async function copyTree(from: string, to: string): Promise<void> {
  try {
    await promisify(execFile)("cp", ["-a", "--reflink=auto", "--sparse=auto", "--", `${from}/.`, to], {
      env: { ...process.env, LC_ALL: "C" },
    });
  } catch (error) {
    const text = messageOf(error);
    const message = /No space left on device/.test(text)
      ? "no space left on device"
      : `Cannot copy ${from}: ${text}`;
    throw new EngineError("internal", message, { subject: from, cause: error });
  }
}
