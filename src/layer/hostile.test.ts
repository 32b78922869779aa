import { describe, expect, test } from "bun:test";
import { lstat, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { EngineError } from "../base/index.ts";
import { type Entry, streamed, tar } from "./tar.fixture.ts";
import { type Playground, playground, tools } from "./tree.fixture.ts";

const file = (name: string, data = "x"): Entry => ({ name, data });
const link = (name: string, target: string): Entry => ({ name, type: "2", link: target });
const hard = (name: string, target: string): Entry => ({ name, type: "1", link: target });

/** A tree beside a directory that nothing may change. */
async function guarded(): Promise<Playground> {
  const place = await playground();
  await mkdir(place.path("outside"));
  await writeFile(place.path("outside/secret"), "secret");
  return place;
}

async function unharmed(place: Playground): Promise<void> {
  expect(await readdir(place.path("outside"))).toEqual(["secret"]);
  expect(await readFile(place.path("outside/secret"), "utf8")).toBe("secret");
  expect((await lstat(place.path("outside/secret"))).nlink).toBe(1);
}

async function refusal(work: Promise<unknown>): Promise<EngineError> {
  const error = await work.then(
    () => new Error("it was accepted"),
    (one: unknown) => one,
  );
  if (!(error instanceof EngineError)) throw error;
  return error;
}

describe("a hostile layer is refused by name and reason", () => {
  const refused: [string, Entry[], string, string][] = [
    ["a name that climbs", [file("../outside/new")], "../outside/new", 'name holds ".."'],
    [
      "a name that climbs from within",
      [file("a/../../outside/new")],
      "a/../../outside/new",
      'name holds ".."',
    ],
    ["a hard link that climbs", [hard("mine", "../outside/secret")], "mine", 'it links to a name with ".."'],
    ["a hard link to nothing", [hard("mine", "none")], "mine", "it links to a file that does not exist"],
    [
      "a hard link to a directory",
      [{ name: "d", type: "5" }, hard("mine", "d")],
      "mine",
      "it is a hard link to a directory",
    ],
    ["a hard link to the root", [hard("mine", "/")], "mine", "it is a hard link to the root"],
    ["a deletion of the directory itself", [file("d/.wh..", "")], "d/.wh..", "it deletes no name"],
    ["a deletion of the parent", [file("d/.wh...", "")], "d/.wh...", "it deletes no name"],
    ["a deletion of no name", [file(".wh.", "")], ".wh.", "it deletes no name"],
    ["a file below a deletion", [file(".wh.d/f", "")], ".wh.d/f", "it lies below a deletion"],
    [
      "a device that means deletion",
      [{ name: "gone", type: "3", device: [0, 0] }],
      "gone",
      "device 0:0 stands for a deleted file",
    ],
    ["a file as parent", [file("f"), file("f/g")], "f/g", 'its parent "f" is not a directory'],
    [
      "a device as parent",
      [{ name: "n", type: "3", device: [1, 3] }, file("n/g")],
      "n/g",
      'its parent "n" is not a directory',
    ],
    ["links in a circle", [link("a", "b"), link("b", "a"), file("a/f")], "a/f", "too many symbolic links"],
    ["a link to itself as parent", [link("a", "a/a"), file("a/f")], "a/f", "too many symbolic links"],
    ["a root that is no directory", [link("./", "/outside")], "", "the root is not a directory"],
    [
      "a name longer than any file system takes",
      [{ name: "x", pax: { path: "n".repeat(300) }, data: "" }],
      "n".repeat(300),
      "File name too long",
    ],
  ];
  for (const [what, entries, entry, reason] of refused) {
    test(what, async () => {
      await using place = await guarded();
      for (const layered of [false, true]) {
        const mounts = layered ? await place.overlay("upper", ["outside"]) : await place.plain("tree");
        const error = await refusal(tools.apply(streamed(tar(...entries)), mounts));
        expect([what, layered, error.kind]).toEqual([what, layered, "invalid"]);
        expect(error.subject).toBe(entry);
        expect(error.message).toContain(reason);
        await unharmed(place);
      }
    });
  }
});

describe("a hostile layer is confined to the tree", () => {
  const outside = (place: Playground) => place.path("outside");
  const cases: [string, (place: Playground) => Entry[]][] = [
    [
      "an absolute name",
      (place) => [file(`${outside(place)}/new`), file(`//${outside(place)}/secret`, "bad")],
    ],
    ["a file through an absolute link", (place) => [link("l", outside(place)), file("l/secret", "bad")]],
    ["a file through a climbing link", () => [link("l", "../../../outside"), file("l/new")]],
    ["a file through links to links", (place) => [link("a", outside(place)), link("b", "a"), file("b/new")]],
    ["a file in the place of a link", (place) => [link("l", `${outside(place)}/secret`), file("l", "bad")]],
    [
      "a hard link in the place of a link",
      (place) => [link("l", `${outside(place)}/secret`), hard("h", "l"), file("h", "bad")],
    ],
    [
      "a directory in the place of a link",
      (place) => [link("l", outside(place)), { name: "l/", type: "5", mode: 0o777 }, file("l/secret", "bad")],
    ],
    ["a deletion through a link", (place) => [link("l", outside(place)), file("l/.wh.secret", "")]],
    ["an opaque mark through a link", (place) => [link("l", outside(place)), file("l/.wh..wh..opq", "")]],
    [
      "metadata through a link",
      (place) => [link("l", outside(place)), { name: "l/.", type: "5", mode: 0o777, uid: 5 }],
    ],
    ["names with odd slashes and dots", () => [file("./a//b/./c"), { name: "/./d/", type: "5" }]],
    ["reserved names of older drivers", () => [file(".wh..wh.plnk/1.2", "x"), file("d/.wh..wh.aufs", "x")]],
  ];
  for (const [what, entries] of cases) {
    test(what, async () => {
      await using place = await guarded();
      await mkdir(place.path("lower"));
      for (const mounts of [await place.plain("tree"), await place.overlay("upper", ["lower"])]) {
        await tools.apply(streamed(tar(...entries(place))), mounts);
        await unharmed(place);
      }
    });
  }

  test("an extraction through links that a container left behind", async () => {
    await using place = await guarded();
    const mounts = await place.plain("tree");
    await tools.apply(streamed(tar(link("data", place.path("outside")), link("up", "../outside"))), mounts);
    for (const directory of ["/data", "/up", "data/../up"]) {
      await tools.extract(streamed(tar(file("secret", "bad"), file("new"))), mounts, { directory });
    }
    await unharmed(place);
  });

  test("packing through links reads only the tree", async () => {
    await using place = await guarded();
    const mounts = await place.plain("tree");
    await tools.apply(
      streamed(tar(link("data", place.path("outside")), link("up", "../outside/secret"))),
      mounts,
    );
    for (const path of ["/data/secret", "/data/", "/up/.", "/../outside/secret"]) {
      const error = await refusal(Array.fromAsync(tools.pack(mounts, path)));
      expect([path, error.kind]).toEqual([path, "not-found"]);
    }
  });
});

describe("broken archives", () => {
  const good = tar(file("a", "a".repeat(5000)), file("b"));
  const broken: [string, Uint8Array][] = [
    ["cut in the middle of a file", good.subarray(0, 3000)],
    ["a wrong checksum", Buffer.concat([good.subarray(0, 11 * 512), new Uint8Array(512).fill(65), good])],
    ["text", Buffer.from("lorem ipsum ".repeat(500))],
    ["a size beyond the data", tar({ name: "a", data: "x", size: 8 ** 11 - 1 })],
    ["cut gzip data", gzipSync(good).subarray(0, 60)],
    ["broken gzip data", Buffer.concat([gzipSync(good).subarray(0, 40), new Uint8Array(40).fill(255)])],
    ["bzip2 that is none", Buffer.from("BZh9 this is not bzip2 at all")],
  ];
  for (const [what, bytes] of broken) {
    test(`${what} is invalid`, async () => {
      await using place = await playground();
      expect((await refusal(tools.apply(streamed(bytes), await place.plain("tree")))).kind).toBe("invalid");
    });
  }

  test("an empty archive and an empty stream are no changes", async () => {
    await using place = await playground();
    for (const bytes of [new Uint8Array(1024), new Uint8Array(0)]) {
      expect((await tools.apply(streamed(bytes), await place.plain("tree"))).size).toBe(bytes.length);
    }
    expect(await readdir(place.path("tree"))).toEqual([]);
  });

  test("more entries or bytes than allowed are refused", async () => {
    await using place = await playground();
    const mounts = await place.plain("tree");
    const bomb = gzipSync(tar(file("zeros", "0".repeat(3_000_000))));
    const large = await refusal(tools.apply(streamed(bomb), mounts, { limits: { bytes: 1_000_000 } }));
    expect(large.message).toContain("zeros: the archive unpacks to more than 1000000 bytes");
    const many = tar(...Array.from({ length: 20 }, (_, index) => file(`f${index}`)));
    const error = await refusal(tools.apply(streamed(many), mounts, { limits: { entries: 10 } }));
    expect(error.message).toContain("more than 10 entries");
    await tools.apply(streamed(many), mounts, { limits: { entries: 20, bytes: 20 } });
  });

  test("random bytes and damaged archives never get out or hang", async () => {
    await using place = await guarded();
    const names = fc.constantFrom(
      "a",
      "../a",
      "/abs",
      "l/x",
      "l",
      ".wh.a",
      ".wh..wh..opq",
      "a/b",
      "..",
      ".",
      "",
    );
    const entry = fc.record({
      name: names,
      type: fc.constantFrom<NonNullable<Entry["type"]>>("0", "1", "2", "3", "5", "6", "L", "g", "S"),
      link: fc.constantFrom("a", "../outside/secret", place.path("outside"), "/", "..", ""),
      data: fc.string({ maxLength: 20 }),
    });
    const archive = fc.tuple(fc.array(entry, { maxLength: 6 }), fc.nat(), fc.nat(255));
    let round = 0;
    await fc.assert(
      fc.asyncProperty(archive, async ([entries, at, value]) => {
        round += 1;
        const bytes = new Uint8Array(tar(...entries));
        if (value % 3 === 0) bytes[at % bytes.length] = value;
        const mounts = await place.plain(`tree${round}`);
        await tools.apply(streamed(bytes), mounts).catch((error: unknown) => {
          if (!(error instanceof EngineError) || error.kind !== "invalid") throw error;
        });
        await unharmed(place);
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
