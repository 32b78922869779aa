import { describe, expect, test } from "bun:test";
import { lstatSync, readdirSync, statSync } from "node:fs";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import type { Mount } from "../oci/index.ts";
import { base256, type Entry, streamed, tar } from "./tar.fixture.ts";
import { listTar, listTree, type Playground, playground, tools } from "./tree.fixture.ts";

const nanoseconds = { mtime: "1234567890.123456789" };
/** `cap_net_bind_service=ep`, as the kernel keeps it. */
const capability = new Uint8Array([1, 0, 0, 2, 0, 4, ...Array<number>(14).fill(0)]);
const long = `${"n".repeat(250)}/${"m".repeat(250)}/${"o".repeat(250)}`;
const invalidName = new Uint8Array([0x64, 0x2f, 0xff, 0xfe, 0x80, 0x61]);

/** One of everything that a layer can hold. */
const everything: readonly Entry[] = [
  { name: "./", type: "5", mode: 0o755, pax: nanoseconds },
  {
    name: "d/",
    type: "5",
    mode: 0o1777,
    uid: 5,
    pax: { ...nanoseconds, "SCHILY.xattr.user.of": "directory" },
  },
  { name: "d/setuid", mode: 0o6755, uid: 1000, gid: 5, data: "set" },
  {
    name: "d/capable",
    mode: 0o755,
    uid: 7,
    data: "able",
    pax: { "SCHILY.xattr.security.capability": capability },
  },
  {
    name: "d/marked",
    data: "x",
    pax: {
      ...nanoseconds,
      "SCHILY.xattr.user.of": "file",
      "SCHILY.xattr.user.bytes": new Uint8Array([0, 10, 255]),
    },
  },
  { name: invalidName, data: "no text" },
  { name: "long", data: "far down", pax: { path: `d/${long}` } },
  {
    name: "d/link",
    type: "2",
    link: "x",
    uid: 9,
    pax: { linkpath: `../${"t".repeat(300)}`, ...nanoseconds },
  },
  { name: "d/pipe", type: "6", mode: 0o620 },
  { name: "d/null", type: "3", mode: 0o666, device: [1, 3] },
  { name: "d/disk", type: "4", mode: 0o660, device: [8, 1] },
  { name: "e/first", data: "linked", mode: 0o600 },
  { name: "f/second", type: "1", link: "e/first" },
  { name: "f/link", type: "1", link: "d/link" },
  { name: "d/far", data: "x", pax: { uid: "4294967294", gid: "4000000000" } },
  { name: "d/old", data: "x", raw: { 136: base256(-86_400n, 12) } },
  { name: "d/late", data: "x", raw: { 136: base256(4_000_000_000n, 12) } },
  { name: "d/counted", data: "four", raw: { 124: base256(4n, 12) } },
  { name: "d/sparse", data: "end", pax: sparse(1_000_000, [[999_997, 3]]) },
  { name: "d/zeros", data: "\0".repeat(200_000) },
  { name: "d/block", data: "b".repeat(512) },
  { name: "d/empty", data: "" },
  { name: ".wh.gone" },
  { name: "hidden/", type: "5" },
  { name: "hidden/.wh..wh..opq" },
  { name: "hidden/new", data: "new" },
  { name: "changed/", type: "5", mode: 0o700 },
  { name: "changed/.wh.one" },
];

/** PAX records of a GNU sparse file, version 0.1. */
function sparse(
  size: number,
  map: readonly (readonly [offset: number, size: number])[],
): Record<string, string> {
  return {
    "GNU.sparse.numblocks": String(map.length),
    "GNU.sparse.size": String(size),
    "GNU.sparse.map": map.flat().join(","),
  };
}

/** What stands below: things to be deleted, hidden and changed. */
async function makeLower(place: Playground, name: string): Promise<void> {
  for (const directory of ["hidden/deep", "changed"])
    await mkdir(place.path(name, directory), { recursive: true });
  for (const file of ["gone", "hidden/old", "hidden/deep/old", "changed/one", "changed/two", "stays"])
    await writeFile(place.path(name, file), file);
}

const bytes = async (source: AsyncIterable<Uint8Array>) => Buffer.concat(await Array.fromAsync(source));
const apply = (archive: Uint8Array, mounts: readonly Mount[]) =>
  tools.apply(streamed(archive, 60_000), mounts);

describe("what is applied and written again is the same", () => {
  test("in an overlay, to the byte of the layer and as the merged tree shows it", async () => {
    await using place = await playground();
    await makeLower(place, "lower");
    await apply(tar(...everything), await place.overlay("one", ["lower"]));
    const first = await bytes(tools.diff(place.path("one")));
    await apply(first, await place.overlay("two", ["lower"]));
    const second = await bytes(tools.diff(place.path("two")));
    expect(listTar(second)).toEqual(listTar(first));
    expect(second.equals(first)).toBe(true);
    expect(await listTree(place.view(["two", "lower"]))).toEqual(
      await listTree(place.view(["one", "lower"])),
    );
  });

  test("in trees that are copies, which show what the overlay shows", async () => {
    await using place = await playground();
    await makeLower(place, "lower");
    await makeLower(place, "upper.lower");
    await apply(tar(...everything), await place.overlay("upper", ["upper.lower"]));
    const trees: Record<string, string>[] = [];
    let archive: Uint8Array = tar(...everything);
    for (const name of ["one", "two"]) {
      await cp(place.path("lower"), place.path(name), { recursive: true, preserveTimestamps: true });
      const mounts = await place.plain(name);
      await apply(archive, mounts);
      trees.push(await listTree(mounts));
      archive = await bytes(tools.diff(place.path(name), { older: place.path("lower") }));
    }
    expect(trees[1]).toEqual(trees[0] ?? {});
    expect(trees[0]).toEqual(await listTree(place.view(["upper", "upper.lower"])));
  });

  test("and it is what the archive said", async () => {
    await using place = await playground();
    await makeLower(place, "lower");
    await apply(tar(...everything), await place.overlay("upper", ["lower"]));
    const at = (name: string) => lstatSync(place.path("upper", name), { bigint: true });
    expect(at("d/marked").mtimeNs).toBe(1_234_567_890_123_456_789n);
    expect(at("d").mtimeNs).toBe(1_234_567_890_123_456_789n);
    expect(at("d/old").mtimeNs).toBe(-86_400_000_000_000n);
    expect(at("d/late").mtimeNs).toBe(4_000_000_000_000_000_000n);
    expect([at("d/setuid").mode & 0o7777n, at("d").mode & 0o7777n]).toEqual([0o6755n, 0o1777n]);
    expect([at("d/far").uid, at("d/far").gid]).toEqual([4_294_967_294n, 4_000_000_000n]);
    expect([at("e/first").ino, at("e/first").nlink]).toEqual([at("f/second").ino, 2n]);
    expect(at("f/link").ino).toBe(at("d/link").ino);
    expect(await readFile(place.path("upper/d", long), "utf8")).toBe("far down");
    expect(await readFile(Buffer.concat([Buffer.from(place.path("upper/")), invalidName]), "utf8")).toBe(
      "no text",
    );
    expect(await readFile(place.path("upper/d/counted"), "utf8")).toBe("four");
    const layer = listTar(await bytes(tools.diff(place.path("upper"))));
    expect(layer["d/capable"]).toContain("SCHILY.xattr.security.capability");
    expect([layer[".wh.gone"], layer["hidden/.wh..wh..opq"], layer["changed/.wh.one"]]).not.toContain(
      undefined,
    );
    expect(readdirSync(place.path("upper/hidden"))).toEqual(["new"]);
  });
});

describe("holes", () => {
  test("stay holes, and long stretches of zeros become some", async () => {
    await using place = await playground();
    await apply(tar(...everything), await place.plain("tree"));
    const sizes = ["d/sparse", "d/zeros"].map((name) => {
      const { size, blocks } = statSync(place.path("tree", name));
      return [size, blocks * 512 < 100_000];
    });
    expect(sizes).toEqual([
      [1_000_000, true],
      [200_000, true],
    ]);
    const content = await readFile(place.path("tree/d/sparse"));
    expect([content.indexOf("end"), content.subarray(0, 999_997).every((byte) => byte === 0)]).toEqual([
      999_997,
      true,
    ]);
  });

  test("a file beyond 8 GiB is taken, kept and written with its size", async () => {
    await using place = await playground();
    const size = 9_000_000_000;
    const mounts = await place.overlay(
      "upper",
      ["lower"].map((name) => name),
    );
    await mkdir(place.path("lower"));
    await apply(tar({ name: "huge", data: "end", pax: sparse(size, [[size - 3, 3]]) }), mounts);
    const found = statSync(place.path("upper/huge"));
    expect([found.size, found.blocks < 100]).toEqual([size, true]);
    const start: Uint8Array[] = [];
    for await (const chunk of tools.diff(place.path("upper"))) {
      start.push(chunk);
      break;
    }
    // The header of a file whose size octal digits cannot hold.
    expect(Buffer.concat(start).subarray(0, 4096).toString("latin1")).toContain(` size=${size}\n`);
  });
});
