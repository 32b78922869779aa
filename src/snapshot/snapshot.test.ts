import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { digestOf, isKind } from "../base/index.ts";
import { Discards, makeNode, removeTree, setAttribute } from "../sys/index.ts";
import { snapshotterContract } from "./contract.ts";
import { openCopySnapshotter, openOverlaySnapshotter, readTreeFile } from "./index.ts";

snapshotterContract("overlay", openOverlaySnapshotter);
snapshotterContract("overlay with spares", (directory) => openOverlaySnapshotter(directory, { spares: 2 }));
snapshotterContract("copy", openCopySnapshotter);

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "gantry-tree-"));
  try {
    await work(directory);
  } finally {
    await removeTree(directory);
  }
}

describe("overlay snapshots", () => {
  test("mount as described, in a namespace of its own", async () => {
    await inDirectory(async (directory) => {
      const snapshots = await openOverlaySnapshotter(join(directory, "s"));
      await snapshots.prepare("base", undefined);
      await writeFile(join(await snapshots.upperDirectory("base"), "low"), "low");
      await snapshots.commit(digestOf("a"), "base");
      const [mount] = await snapshots.prepare("run", digestOf("a"));
      const target = join(directory, "target");
      await mkdir(target);
      const script = `mount -t ${mount?.type} -o ${mount?.options.join(",")} overlay ${target} && cat ${target}/low && echo new > ${target}/new && rm ${target}/low`;
      const seen = execFileSync("unshare", ["--mount", "--propagation", "private", "sh", "-ec", script]);
      expect(seen.toString()).toBe("low");
      expect(await Bun.file(join(await snapshots.upperDirectory("run"), "new")).text()).toBe("new\n");
      const shown = await readTreeFile(await snapshots.mounts("run"), "/new");
      expect(new TextDecoder().decode(shown)).toBe("new\n");
      expect(await readTreeFile(await snapshots.mounts("run"), "/low")).toBeUndefined();
    });
  });
});

test("what cannot be deleted keeps nobody from opening the snapshots", async () => {
  await inDirectory(async (directory) => {
    const told: string[] = [];
    const discards = new Discards((path) => told.push(path));
    const options = { discards };
    const snapshots = await openOverlaySnapshotter(join(directory, "s"), options);
    for (const key of ["stuck", "other"]) await snapshots.prepare(key, undefined);
    const stuck = await snapshots.upperDirectory("stuck");
    await Bun.$`mount -t tmpfs gantry-test ${stuck}`.quiet();
    await snapshots.remove("stuck");
    await snapshots.remove("other");
    await discards.drain();
    const [left = ""] = told;
    try {
      const again = await openOverlaySnapshotter(join(directory, "s"), options);
      await again.sweep();
      expect(told).toEqual([left, left]);
      expect(await readdir(join(directory, "s/tmp"))).toEqual([basename(left)]);
      expect(await again.listActive()).toEqual([]);
    } finally {
      await Bun.$`umount ${join(left, "fs")}`.quiet();
    }
    await (await openOverlaySnapshotter(join(directory, "s"), options)).sweep();
    expect(await readdir(join(directory, "s/tmp"))).toEqual([]);
  });
});

describe("readTreeFile", () => {
  const textOf = (bytes: Uint8Array | undefined) => (bytes ? new TextDecoder().decode(bytes) : undefined);

  test("sees layers as overlayfs merges them", async () => {
    await inDirectory(async (directory) => {
      const path = (...parts: string[]) => join(directory, ...parts);
      for (const name of [
        "low/etc/sub",
        "low/gone",
        "low/over",
        "mid/etc",
        "mid/over",
        "up/etc",
        "up/hidden",
        "low/hidden",
      ]) {
        await mkdir(path(name), { recursive: true });
      }
      await writeFile(path("low/etc/passwd"), "low");
      await writeFile(path("low/etc/group"), "group");
      await writeFile(path("low/etc/sub/deep"), "deep");
      await writeFile(path("mid/etc/passwd"), "mid");
      await writeFile(path("low/gone/file"), "gone");
      makeNode(path("mid/gone"), { mode: 0o020000 });
      makeNode(path("up/etc/group"), { mode: 0o020000 });
      await writeFile(path("low/hidden/file"), "hidden");
      setAttribute(path("up/hidden"), "trusted.overlay.opaque", Buffer.from("y"));
      await writeFile(path("low/over/file"), "low");
      await writeFile(path("up/over"), "a file");
      const mounts = [
        {
          type: "overlay" as const,
          source: "overlay",
          options: [
            `lowerdir=${path("mid")}:${path("low")}`,
            `upperdir=${path("up")}`,
            `workdir=${path("w")}`,
          ],
        },
      ];
      const read = async (name: string) => textOf(await readTreeFile(mounts, name));
      expect(await read("/etc/passwd")).toBe("mid");
      expect(await read("etc//./sub/deep")).toBe("deep");
      expect(await read("/etc/group")).toBeUndefined();
      expect(await read("/gone/file")).toBeUndefined();
      expect(await read("/hidden/file")).toBeUndefined();
      expect(await read("/over")).toBe("a file");
      expect(await read("/over/file")).toBeUndefined();
      expect(await read("/etc")).toBeUndefined();
      expect(await read("/etc/none")).toBeUndefined();
    });
  });

  test("links resolve inside the tree and never outside", async () => {
    await inDirectory(async (directory) => {
      const path = (...parts: string[]) => join(directory, ...parts);
      await mkdir(path("tree/usr/etc"), { recursive: true });
      await writeFile(path("tree/usr/etc/passwd"), "inside");
      await writeFile(path("secret"), "outside");
      await symlink("usr/etc", path("tree/etc"));
      await symlink("/etc/passwd", path("tree/absolute"));
      await symlink("../../../../../../usr/etc/passwd", path("tree/usr/up"));
      await symlink(path("secret"), path("tree/escape"));
      await symlink("../secret", path("tree/escape2"));
      await symlink("loop", path("tree/loop"));
      const mounts = [{ type: "bind" as const, source: path("tree"), options: ["rbind", "rw"] }];
      const read = async (name: string) => textOf(await readTreeFile(mounts, name));
      expect(await read("/etc/passwd")).toBe("inside");
      expect(await read("/absolute")).toBe("inside");
      expect(await read("/usr/up")).toBe("inside");
      expect(await read("/../../etc/passwd")).toBe("inside");
      for (const name of ["/escape", "/escape2", "/loop", "/../secret"])
        expect([name, await read(name)]).toEqual([name, undefined]);
      const error = await readTreeFile(mounts, "/etc/passwd", { limit: 3 }).catch((one: unknown) => one);
      expect(isKind(error, "invalid")).toBe(true);
    });
  });
});
