import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { digestOf } from "../base/index.ts";
import type { Mount } from "../oci/index.ts";
import { getAttribute } from "../sys/index.ts";
import { type Entry, streamed, tar } from "./tar.fixture.ts";
import { listTree, type Playground, playground, tools } from "./tree.fixture.ts";

const apply = (mounts: readonly Mount[], ...entries: Entry[]) =>
  tools.apply(streamed(tar(...entries)), mounts);
const dir = (name: string, more: Partial<Entry> = {}): Entry => ({ name, type: "5", ...more });
const file = (name: string, data = name, more: Partial<Entry> = {}): Entry => ({ name, data, ...more });

/** Applies each list of entries as one overlay layer on the ones before and lists what a mount of all shows. */
async function stack(place: Playground, ...layers: Entry[][]): Promise<Record<string, string>> {
  const names: string[] = [];
  for (const [index, entries] of layers.entries()) {
    const name = `layer${index}`;
    await apply(index === 0 ? await place.plain(name) : await place.overlay(name, names), ...entries);
    names.unshift(name);
  }
  return await listTree(place.view(names));
}

describe("apply", () => {
  test("writes every kind of entry with owner, mode and times", async () => {
    await using place = await playground();
    const archive = tar(
      dir("./", { mode: 0o750 }),
      dir("etc/", { mode: 0o711, uid: 5, gid: 6, mtime: 1_200_000_000 }),
      file("etc/plain", "hello", { mode: 0o640, uid: 7, gid: 8 }),
      file("etc/suid", "x", { mode: 0o6755, uid: 9 }),
      { name: "etc/hard", type: "1", link: "etc/plain" },
      { name: "etc/soft", type: "2", link: "/does/not/exist" },
      { name: "etc/pipe", type: "6", mode: 0o600 },
      { name: "etc/null", type: "3", device: [1, 3], mode: 0o666 },
      { name: "etc/disk", type: "4", device: [7, 1], mode: 0o660, gid: 6 },
      file("implied/deep/file"),
    );
    const mounts = await place.plain("tree");
    const applied = await tools.apply(streamed(archive, 700), mounts);
    expect(applied).toEqual({ diffID: digestOf(archive), size: archive.length });
    expect(await listTree(mounts)).toEqual({
      "etc/": "5 711 5:6",
      "etc/disk": "4 660 0:6 7,1",
      "etc/hard": "0 640 7:8 hello",
      "etc/null": "3 666 0:0 1,3",
      "etc/pipe": "6 600 0:0",
      "etc/plain": "1 640 7:8 etc/hard",
      "etc/soft": "2 777 0:0 /does/not/exist",
      "etc/suid": "0 6755 9:0 x",
      "implied/": "5 755 0:0",
      "implied/deep/": "5 755 0:0",
      "implied/deep/file": "0 644 0:0 implied/deep/file",
    });
    expect((await stat(place.path("tree"))).mode & 0o7777).toBe(0o750);
    expect((await stat(place.path("tree/etc"))).mtimeMs).toBe(1_200_000_000_000);
    expect((await stat(place.path("tree/etc/hard"))).mtimeMs).toBe(1_000_000_000_000);
    expect((await lstat(place.path("tree/etc/soft"))).mtimeMs).toBe(1_000_000_000_000);
  });

  test("understands PAX: times below a second, long and odd names, attributes, large owners", async () => {
    await using place = await playground();
    const mounts = await place.plain("tree");
    const long = `${"d".repeat(120)}/${"f".repeat(150)}`;
    const raw = Buffer.from("raw-\xff\xfe-é", "latin1");
    const capability = Buffer.from("0100000200040000000000000000000000000000", "hex");
    await apply(
      mounts,
      file("short", "1", { pax: { path: long, mtime: "1234567890.123456789" } }),
      file("short", "2", { pax: { path: raw } }),
      file("short", "3", { pax: { path: "e\u0301 not composed" } }),
      file("short", "4", { pax: { path: "caps", "SCHILY.xattr.security.capability": capability } }),
      file("short", "5", { pax: { path: "owner", uid: "3000000000", gid: "2999999999" } }),
      dir("dir/", { pax: { "SCHILY.xattr.user.note": "on a directory" } }),
      { name: "x", type: "2", link: "x", pax: { path: "link", linkpath: "t".repeat(300) } },
      file("private", "", { pax: { "SCHILY.xattr.trusted.overlay.opaque": "y" } }),
    );
    expect((await stat(place.path("tree", long), { bigint: true })).mtimeNs).toBe(1234567890123456789n);
    const names = await readdir(place.path("tree"), { encoding: "buffer" });
    expect(names.some((name) => name.equals(raw))).toBe(true);
    expect(await readFile(place.path("tree", "e\u0301 not composed"), "utf8")).toBe("3");
    expect(Buffer.from(getAttribute(place.path("tree/caps"), "security.capability") ?? [])).toEqual(
      capability,
    );
    const owner = await stat(place.path("tree/owner"));
    expect([owner.uid, owner.gid]).toEqual([3000000000, 2999999999]);
    expect(Buffer.from(getAttribute(place.path("tree/dir"), "user.note") ?? []).toString()).toBe(
      "on a directory",
    );
    expect(await readlink(place.path("tree/link"))).toBe("t".repeat(300));
    expect(getAttribute(place.path("tree/private"), "trusted.overlay.opaque")).toBeUndefined();
  });

  test("keeps holes of sparse files and reads GNU archives", async () => {
    await using place = await playground();
    await mkdir(place.path("from"));
    const long = "n".repeat(180);
    execFileSync("truncate", ["-s", "40M", place.path("from/sparse")]);
    execFileSync("sh", [
      "-c",
      `printf end >> ${place.path("from/sparse")}; printf x > ${place.path("from", long)}`,
    ]);
    const archive = execFileSync("tar", ["--format=gnu", "-S", "-C", place.path("from"), "-cf", "-", "."], {
      maxBuffer: 1e8,
    });
    await tools.apply(streamed(archive), await place.plain("tree"));
    const sparse = await stat(place.path("tree/sparse"));
    expect(sparse.size).toBe(40 * 1024 * 1024 + 3);
    expect(sparse.blocks * 512).toBeLessThan(1024 * 1024);
    expect(await readFile(place.path("tree", long), "utf8")).toBe("x");
  });

  test("later entries replace earlier ones of any kind", async () => {
    await using place = await playground();
    const mounts = await place.plain("tree");
    await apply(
      mounts,
      file("a", "file"),
      dir("a"),
      file("a/b"),
      { name: "a", type: "2", link: "elsewhere" },
      dir("d"),
      file("d/x"),
      dir("d", { mode: 0o700 }),
      file("d/y"),
    );
    expect(await listTree(mounts)).toEqual({
      a: "2 777 0:0 elsewhere",
      "d/": "5 700 0:0",
      "d/x": "0 644 0:0 d/x",
      "d/y": "0 644 0:0 d/y",
    });
  });

  test("every compression is recognised, and the diffID is that of the plain tar", async () => {
    await using place = await playground();
    const archive = tar(file("hello", "world".repeat(10_000)));
    const { gzipSync, zstdCompressSync } = await import("node:zlib");
    const variants: Record<string, Uint8Array> = {
      plain: archive,
      gzip: gzipSync(archive),
      members: Buffer.concat([gzipSync(archive.subarray(0, 700)), gzipSync(archive.subarray(700))]),
      zstd: zstdCompressSync(archive),
      bzip2: execFileSync("bzip2", ["-c"], { input: archive }),
      xz: execFileSync("xz", ["-c"], { input: archive }),
    };
    for (const [name, bytes] of Object.entries(variants)) {
      const applied = await tools.apply(streamed(bytes, 3), await place.plain(name));
      expect([name, applied]).toEqual([name, { diffID: digestOf(archive), size: archive.length }]);
      expect(await readFile(place.path(name, "hello"), "utf8")).toBe("world".repeat(10_000));
    }
  });
});

describe("layers on layers", () => {
  test("deletions hide files, directories and links of lower layers", async () => {
    await using place = await playground();
    const tree = await stack(
      place,
      [
        file("a"),
        file("b"),
        dir("d"),
        file("d/x"),
        file("d/y"),
        dir("e"),
        file("e/z"),
        { name: "l", type: "2", link: "a" },
      ],
      [
        file(".wh.a", ""),
        file("d/.wh.x", ""),
        file(".wh.e", ""),
        file(".wh.l", ""),
        file(".wh.never-was", ""),
      ],
    );
    expect(tree).toEqual({ b: "0 644 0:0 b", "d/": "5 755 0:0", "d/y": "0 644 0:0 d/y" });
  });

  test("an opaque directory shows its own files alone, wherever the mark stands", async () => {
    for (const order of ["first", "last"]) {
      await using place = await playground();
      const own = [file("d/new"), dir("d/sub"), file("d/sub/new")];
      const mark = file("d/.wh..wh..opq", "");
      const tree = await stack(
        place,
        [dir("d"), file("d/old"), dir("d/sub"), file("d/sub/old"), file("other")],
        [dir("d", { mode: 0o700 }), ...(order === "first" ? [mark, ...own] : [...own, mark])],
      );
      expect([order, tree]).toEqual([
        order,
        {
          "d/": "5 700 0:0",
          "d/new": "0 644 0:0 d/new",
          "d/sub/": "5 755 0:0",
          "d/sub/new": "0 644 0:0 d/sub/new",
          other: "0 644 0:0 other",
        },
      ]);
    }
  });

  test("what a layer brings itself is never deleted by its own marks", async () => {
    for (const order of ["before", "after"]) {
      await using place = await playground();
      const marks = [file(".wh.f", ""), file(".wh.d", "")];
      const own = [file("f", "new"), dir("d"), file("d/new")];
      const tree = await stack(
        place,
        [file("f", "old"), dir("d"), file("d/old")],
        order === "before" ? [...marks, ...own] : [...own, ...marks],
      );
      expect([order, tree]).toEqual([
        order,
        { f: "0 644 0:0 new", "d/": "5 755 0:0", "d/new": "0 644 0:0 d/new" },
      ]);
    }
  });

  test("a parent that only lower layers have keeps its metadata", async () => {
    await using place = await playground();
    const tree = await stack(
      place,
      [
        dir("home", {
          mode: 0o711,
          uid: 1,
          gid: 2,
          mtime: 1_300_000_000,
          pax: { "SCHILY.xattr.user.kept": "yes" },
        }),
        dir("home/me", { mode: 0o1777, uid: 3 }),
        file("home/me/old"),
      ],
      [file("unrelated")],
      [file("home/me/new"), file("fresh/file")],
    );
    expect(tree).toEqual({
      "fresh/": "5 755 0:0",
      "fresh/file": "0 644 0:0 fresh/file",
      "home/": "5 711 1:2 SCHILY.xattr.user.kept",
      "home/me/": "5 1777 3:0",
      "home/me/new": "0 644 0:0 home/me/new",
      "home/me/old": "0 644 0:0 home/me/old",
      unrelated: "0 644 0:0 unrelated",
    });
    expect((await stat(place.path("layer2/home"))).mtimeMs).toBe(1_300_000_000_000);
  });

  test("a parent that is a symlink in a lower layer is followed inside the tree", async () => {
    await using place = await playground();
    const tree = await stack(
      place,
      [
        dir("usr"),
        dir("usr/lib", { mode: 0o711 }),
        { name: "lib", type: "2", link: "usr/lib" },
        { name: "abs", type: "2", link: "/../../usr" },
      ],
      [file("lib/one"), file("abs/two")],
    );
    expect(tree).toEqual({
      abs: "2 777 0:0 /../../usr",
      lib: "2 777 0:0 usr/lib",
      "usr/": "5 755 0:0",
      "usr/lib/": "5 711 0:0",
      "usr/lib/one": "0 644 0:0 lib/one",
      "usr/two": "0 644 0:0 abs/two",
    });
  });

  test("hard links reach files of lower layers", async () => {
    await using place = await playground();
    const tree = await stack(
      place,
      [
        dir("d", { mode: 0o700 }),
        file("d/old", "data", { mode: 0o4755, uid: 3 }),
        { name: "s", type: "2", link: "d" },
      ],
      [file("x")],
      [
        { name: "new", type: "1", link: "d/old" },
        { name: "same", type: "1", link: "./new" },
        { name: "link", type: "1", link: "/s" },
      ],
    );
    expect(tree).toEqual({
      "d/": "5 700 0:0",
      "d/old": "0 4755 3:0 data",
      link: "2 777 0:0 d",
      new: "1 4755 3:0 d/old",
      s: "1 777 0:0 link",
      same: "1 4755 3:0 d/old",
      x: "0 644 0:0 x",
    });
  });

  test("files and directories of lower layers may change kind", async () => {
    await using place = await playground();
    const tree = await stack(
      place,
      [file("f"), dir("d"), file("d/x"), { name: "s", type: "2", link: "d" }],
      [dir("f"), file("f/in"), file("d", "now a file"), dir("s"), file("s/in")],
    );
    expect(tree).toEqual({
      "f/": "5 755 0:0",
      "f/in": "0 644 0:0 f/in",
      d: "0 644 0:0 now a file",
      "s/": "5 755 0:0",
      "s/in": "0 644 0:0 s/in",
    });
  });

  test("a plain tree, where layers lie in each other, ends up the same", async () => {
    await using place = await playground();
    const mounts = await place.plain("tree");
    await apply(
      mounts,
      file("a"),
      dir("d"),
      file("d/old"),
      dir("o"),
      file("o/old"),
      dir("o/sub"),
      file("o/sub/old"),
      dir("both"),
      file("both/old"),
    );
    await apply(
      mounts,
      file(".wh.a", ""),
      file("d/new"),
      file("d/.wh.old", ""),
      file("o/new"),
      file("o/sub/new"),
      file("o/.wh..wh..opq", ""),
      dir("both"),
      file("both/new"),
      file(".wh.both", ""),
    );
    expect(await listTree(mounts)).toEqual({
      "both/": "5 755 0:0",
      "both/new": "0 644 0:0 both/new",
      "d/": "5 755 0:0",
      "d/new": "0 644 0:0 d/new",
      "o/": "5 755 0:0",
      "o/new": "0 644 0:0 o/new",
      "o/sub/": "5 755 0:0",
      "o/sub/new": "0 644 0:0 o/sub/new",
    });
  });

  test("a hundred layers mount", async () => {
    await using place = await playground();
    const layers = Array.from({ length: 100 }, (_, index) => [file(`f${index}`, "")]);
    expect(Object.keys(await stack(place, ...layers))).toHaveLength(100);
  }, 30_000);
});

describe("extract", () => {
  test("puts an ordinary tar below a directory, links in its path resolved inside the tree", async () => {
    await using place = await playground();
    const mounts = await place.plain("tree");
    await mkdir(place.path("outside"));
    await mkdir(place.path("tree/real"));
    await symlink("/real", place.path("tree/link"));
    await symlink(place.path("outside"), place.path("tree/escape"));
    const archive = tar(
      dir("./", { mode: 0o700 }),
      file(".wh.kept", "a name like others"),
      file("f", "x", { uid: 5 }),
    );
    await tools.extract(streamed(archive), mounts, { directory: "/link/deep", owner: { uid: 7, gid: 8 } });
    expect(await readFile(place.path("tree/real/deep/.wh.kept"), "utf8")).toBe("a name like others");
    const written = await stat(place.path("tree/real/deep/f"));
    expect([written.uid, written.gid]).toEqual([7, 8]);
    expect((await stat(place.path("tree/real/deep"))).mode & 0o777).toBe(0o755);
    await tools.extract(streamed(archive), mounts, { directory: "escape" });
    expect(await readdir(place.path("outside"))).toEqual([]);
    expect(await readFile(place.path("tree", place.path("outside"), "f"), "utf8")).toBe("x");
  });

  test("through an overlay the change lands in the upper directory", async () => {
    await using place = await playground();
    await apply(await place.plain("base"), dir("etc"), file("etc/a"), file("etc/b"));
    const mounts = await place.overlay("upper", ["base"]);
    await tools.extract(streamed(tar(file("a", "new"))), mounts, { directory: "etc" });
    expect(await readFile(place.path("upper/etc/a"), "utf8")).toBe("new");
    expect(await readdir(place.path("upper/etc"))).toEqual(["a"]);
    expect(await readFile(place.path("base/etc/a"), "utf8")).toBe("etc/a");
  });

  test("kinds are kept when asked for", async () => {
    await using place = await playground();
    const mounts = await place.plain("tree");
    await mkdir(place.path("tree/d"));
    await writeFile(place.path("tree/f"), "");
    const extract = (entry: Entry) =>
      tools.extract(streamed(tar(entry)), mounts, { directory: "/", keepKinds: true });
    expect(extract(file("d"))).rejects.toThrow('cannot overwrite directory "d" with non-directory "d"');
    expect(extract(dir("f"))).rejects.toThrow('cannot overwrite non-directory "f" with directory "f"');
    await extract(file("f", "fine"));
  });
});
