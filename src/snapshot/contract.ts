// biome-ignore-all lint/complexity/noExcessiveLinesPerFunction: a suite of tests
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, open, readdir, readFile, readlink, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf, isKind } from "../base/index.ts";
import { removeTree } from "../sys/index.ts";
import type { Snapshotter } from "./types.ts";

/** What every way of keeping snapshots must do. */
export function snapshotterContract(name: string, openIn: (directory: string) => Promise<Snapshotter>): void {
  const a = digestOf("a");
  const b = digestOf("b");
  const c = digestOf("c");
  let directory = "";
  let snapshots: Snapshotter;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gantry-snapshot-"));
    snapshots = await openIn(join(directory, "snapshots"));
  });
  afterEach(async () => {
    await removeTree(directory);
  });

  const write = async (key: string, file: string, text: string) =>
    await writeFile(join(await snapshots.upperDirectory(key), file), text);
  const layer = async (chainID: typeof a, parent: typeof a | undefined, file: string) => {
    const key = `make-${file}`;
    await snapshots.prepare(key, parent);
    await write(key, file, file);
    await snapshots.commit(chainID, key);
  };
  const caught = async (work: Promise<unknown>): Promise<unknown> =>
    await work.then(
      () => undefined,
      (error: unknown) => error,
    );
  const reopen = async () => {
    snapshots = await openIn(join(directory, "snapshots"));
    await snapshots.sweep();
  };

  describe(`${name} snapshots`, () => {
    test("go from active to committed and carry further ones", async () => {
      await layer(a, undefined, "one");
      await layer(b, a, "two");
      expect(await snapshots.has(a)).toBe(true);
      expect(await snapshots.has(c)).toBe(false);
      expect(await snapshots.listCommitted()).toEqual([
        { chainID: a, parent: undefined },
        { chainID: b, parent: a },
      ]);
      expect(await snapshots.listActive()).toEqual([]);
      expect(await readFile(join(await snapshots.layerDirectory(b), "two"), "utf8")).toBe("two");
      const mounts = await snapshots.prepare("run", b);
      expect(mounts).toHaveLength(1);
      expect(await snapshots.mounts("run")).toEqual(mounts);
      expect(await snapshots.view(b)).toHaveLength(1);
      expect(await snapshots.listActive()).toEqual([{ key: "run", parent: b }]);
    });

    test("one made apart is put on its parent afterwards", async () => {
      await layer(a, undefined, "below");
      const directory = await snapshots.prepareApart("apart");
      if (directory === undefined) return expect(await snapshots.listActive()).toEqual([]);
      await writeFile(join(directory, "own"), "x");
      expect(isKind(await caught(snapshots.attach("apart", c, { root: true })), "not-found")).toBe(true);
      await chmod(await snapshots.layerDirectory(a), 0o1711);
      await snapshots.attach("apart", a, { root: true });
      expect(isKind(await caught(snapshots.removeCommitted(a)), "conflict")).toBe(true);
      expect(isKind(await caught(snapshots.attach("apart", a, { root: true })), "conflict")).toBe(true);
      await snapshots.commit(b, "apart");
      expect(await snapshots.listCommitted()).toContainEqual({ chainID: b, parent: a });
      expect(await readdir(await snapshots.layerDirectory(b))).toEqual(["own"]);
      expect((await stat(await snapshots.layerDirectory(b))).mode & 0o7777).toBe(0o1711);
      await snapshots.prepareApart("other");
      await snapshots.attach("other", a, { root: false });
      expect((await stat(await snapshots.upperDirectory("other"))).mode & 0o7777).toBe(0o755);
    });

    test("a tree without parent is an empty directory, one with a parent has the metadata of its root", async () => {
      await snapshots.prepare("base", undefined);
      const upper = await snapshots.upperDirectory("base");
      expect(await readdir(upper)).toEqual([]);
      expect((await stat(upper)).mode & 0o7777).toBe(0o755);
      await chmod(upper, 0o1750);
      await snapshots.commit(a, "base");
      await snapshots.prepare("run", a);
      expect((await stat(await snapshots.upperDirectory("run"))).mode & 0o7777).toBe(0o1750);
    });

    test("a key is taken once and may be used again after removal", async () => {
      await snapshots.prepare("key", undefined);
      expect(isKind(await caught(snapshots.prepare("key", undefined)), "conflict")).toBe(true);
      await snapshots.remove("key");
      await snapshots.remove("key");
      expect(isKind(await caught(snapshots.mounts("key")), "not-found")).toBe(true);
      await snapshots.prepare("key", undefined);
      await expect(snapshots.prepare("../key", undefined)).rejects.toThrow("Bad snapshot key");
    });

    test("of two preparations of one key at once, one wins", async () => {
      const results = await Promise.all([1, 2].map(() => caught(snapshots.prepare("key", undefined))));
      expect(results.filter((one) => one === undefined)).toHaveLength(1);
      expect(results.filter((one) => isKind(one, "conflict"))).toHaveLength(1);
      expect(await snapshots.listActive()).toHaveLength(1);
    });

    test("an absent parent is not found and takes no key", async () => {
      expect(isKind(await caught(snapshots.prepare("key", c)), "not-found")).toBe(true);
      expect(isKind(await caught(snapshots.view(c)), "not-found")).toBe(true);
      expect(await snapshots.listActive()).toEqual([]);
    });

    test("committing what exists already drops the second one", async () => {
      await layer(a, undefined, "one");
      await snapshots.prepare("again", undefined);
      await write("again", "two", "two");
      await snapshots.commit(a, "again");
      expect(await readdir(await snapshots.layerDirectory(a))).toEqual(["one"]);
      expect(await snapshots.listActive()).toEqual([]);
    });

    test("commits of one chain at once leave one snapshot", async () => {
      for (const key of ["x", "y", "z"]) await snapshots.prepare(key, undefined);
      await Promise.all(["x", "y", "z"].map((key) => snapshots.commit(a, key)));
      expect(await snapshots.listCommitted()).toHaveLength(1);
      expect(await snapshots.listActive()).toEqual([]);
      await reopen();
      expect(await snapshots.listCommitted()).toHaveLength(1);
    });

    test("what others stand on stays", async () => {
      await layer(a, undefined, "one");
      await layer(b, a, "two");
      await snapshots.prepare("run", b);
      expect(isKind(await caught(snapshots.removeCommitted(a)), "conflict")).toBe(true);
      expect(isKind(await caught(snapshots.removeCommitted(b)), "conflict")).toBe(true);
      await snapshots.remove("run");
      await snapshots.removeCommitted(b);
      await snapshots.removeCommitted(a);
      await snapshots.removeCommitted(a);
      expect(await snapshots.listCommitted()).toEqual([]);
    });

    test("what somebody reads stays until all who do are done, with what it stands on", async () => {
      await layer(a, undefined, "one");
      await snapshots.prepare("run", a);
      await write("run", "file", "text");
      const file = await open(join(await snapshots.upperDirectory("run"), "file"));
      const place = `/proc/self/fd/${file.fd}`;
      const [first, second] = [snapshots.hold("run"), snapshots.hold("run")];
      await snapshots.remove("run");
      expect(await snapshots.listActive()).toEqual([]);
      await snapshots.prepare("run", a);
      await snapshots.remove("run");
      first[Symbol.dispose]();
      first[Symbol.dispose]();
      // Long enough for a deletion to be over.
      await removeTree(join(directory, "nothing"));
      expect(await readlink(place)).toMatch(/\/file$/);
      expect(isKind(await caught(snapshots.removeCommitted(a)), "conflict")).toBe(true);
      second[Symbol.dispose]();
      while (!(await readlink(place)).endsWith(" (deleted)")) await Bun.sleep(1);
      await file.close();
      await snapshots.removeCommitted(a);
      expect(await snapshots.listCommitted()).toEqual([]);
    });

    test("a removal and a preparation on the same parent cannot both succeed", async () => {
      await layer(a, undefined, "one");
      const [prepared, removed] = await Promise.all([
        caught(snapshots.prepare("run", a)),
        caught(snapshots.removeCommitted(a)),
      ]);
      expect([prepared, removed].filter((one) => one === undefined)).toHaveLength(1);
    });

    test("a new process finds everything", async () => {
      await layer(a, undefined, "one");
      await layer(b, a, "two");
      const mounts = await snapshots.prepare("run", b);
      await reopen();
      expect(await snapshots.mounts("run")).toEqual(mounts);
      expect((await snapshots.listCommitted()).map(({ chainID }) => chainID).sort()).toEqual([a, b].sort());
      expect(isKind(await caught(snapshots.removeCommitted(a)), "conflict")).toBe(true);
    });

    test("leftovers of a kill are swept, and nothing else", async () => {
      const root = join(directory, "snapshots");
      await layer(a, undefined, "one");
      await snapshots.prepare("run", a);
      await mkdir(join(root, "tmp", "half", "fs"), { recursive: true });
      await mkdir(join(root, "active", "no-record", "fs"), { recursive: true });
      await mkdir(join(root, "committed", "garbage"), { recursive: true });
      await mkdir(join(root, "committed", "f".repeat(64)), { recursive: true });
      await writeFile(join(root, "committed", "f".repeat(64), "snapshot.json"), "");
      await reopen();
      expect(await readdir(join(root, "tmp"))).not.toContain("half");
      expect(await readdir(join(root, "active"))).toEqual(["run"]);
      expect(await readdir(join(root, "committed"))).toHaveLength(1);
    });

    test("what an earlier boot left unsettled is dropped with all that stands on it", async () => {
      await layer(a, undefined, "one");
      await layer(b, a, "two");
      await layer(c, undefined, "three");
      expect([...snapshots.unsettled([b, c])].sort()).toEqual([a, b, c].sort());
      await snapshots.settle([c]);
      expect([...snapshots.unsettled([b, c])].sort()).toEqual([a, b].sort());
      await reopen();
      expect(await snapshots.listCommitted()).toHaveLength(3);
      const mounts = await snapshots.prepare("run", b);
      await pretendReboot(join(directory, "snapshots"));
      await reopen();
      expect(await snapshots.listCommitted()).toEqual([{ chainID: c, parent: undefined }]);
      expect(await snapshots.listActive()).toEqual([{ key: "run", parent: b }]);
      await layer(a, undefined, "one");
      await layer(b, a, "two");
      expect(await snapshots.mounts("run")).toEqual(mounts);
    });

    test("settling covers the layers below and lasts", async () => {
      await layer(a, undefined, "one");
      await layer(b, a, "two");
      await snapshots.settle([b]);
      expect(snapshots.unsettled([a, b])).toEqual([]);
      await pretendReboot(join(directory, "snapshots"));
      await reopen();
      expect(await snapshots.listCommitted()).toHaveLength(2);
    });

    test("a limit is refused where none can be kept, and ends with its snapshot where it can", async () => {
      const work = snapshots.prepare("run", undefined, { limit: 1024 ** 2 });
      if (snapshots.canLimit) {
        await work;
        expect(isKind(await caught(snapshots.commit(a, "run")), "conflict")).toBe(true);
        await snapshots.remove("run");
      } else {
        expect(isKind(await caught(work), "invalid")).toBe(true);
      }
      expect(await snapshots.listActive()).toEqual([]);
      expect(await readdir(join(directory, "snapshots/active"))).toEqual([]);
    });

    test("usage counts each inode once", async () => {
      await snapshots.prepare("run", undefined);
      const upper = await snapshots.upperDirectory("run");
      await mkdir(join(upper, "d"));
      await write("run", "d/ten", "0123456789");
      await write("run", "five", "01234");
      const { link } = await import("node:fs/promises");
      await link(join(upper, "five"), join(upper, "d/again"));
      expect(await snapshots.usage("run")).toEqual({ bytes: 15, inodes: 4 });
      await snapshots.commit(a, "run");
      expect(await snapshots.usage(a)).toEqual({ bytes: 15, inodes: 4 });
      expect(snapshots.committedAt(a)).toBeGreaterThan(Date.now() - 60_000);
    });

    test("a directory that mount options cannot name is refused", async () => {
      for (const bad of ["a,b", "a:b", "a\\b"]) {
        expect(isKind(await caught(openIn(join(directory, bad))), "invalid")).toBe(true);
      }
    });
  });
}

/** Makes all unsettled snapshots look as if an earlier boot of the machine had committed them. */
async function pretendReboot(root: string): Promise<void> {
  for (const name of await readdir(join(root, "committed"))) {
    const path = join(root, "committed", name, "snapshot.json");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace(/"boot":"[^"]*"/, '"boot":"earlier"'));
  }
}
