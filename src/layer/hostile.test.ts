import { describe, expect, test } from "bun:test";
import { lstat, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { EngineError } from "../base/index.ts";
import { hostileLayers } from "./hostile.fixture.ts";
import { createLayerTools } from "./index.ts";
import { type Entry, streamed, tar } from "./tar.fixture.ts";
import { helper, type Playground, playground, tools } from "./tree.fixture.ts";

const file = (name: string, data = "x"): Entry => ({ name, data });
const link = (name: string, target: string): Entry => ({ name, type: "2", link: target });

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

describe("a hostile layer", () => {
  for (const { what, refused, entry } of hostileLayers("/outside")) {
    const verdict = refused === undefined ? "is confined to the tree" : "is refused";
    test(`${verdict}: ${what}`, async () => {
      await using place = await guarded();
      await mkdir(place.path("lower"));
      const archive = hostileLayers(place.path("outside")).find((one) => one.what === what)?.archive;
      if (!archive) throw new Error(`The corpus lost ${what}`);
      for (const mounts of [await place.plain("tree"), await place.overlay("upper", ["lower"])]) {
        const work = tools.apply(streamed(archive), mounts);
        if (refused === undefined) await work;
        else await expectRefusal(work, { refused, entry });
        await unharmed(place);
      }
    });
  }
});

async function expectRefusal(
  work: Promise<unknown>,
  { refused, entry }: { refused: string; entry: string | undefined },
): Promise<void> {
  const error = await refusal(work);
  expect([error.kind, error.message]).toEqual(["invalid", expect.stringContaining(refused)]);
  if (entry !== undefined) expect(error.subject).toBe(entry);
}

describe("links in a tree", () => {
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

describe("archives at the limits", () => {
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

  test("compressed data out of all proportion is refused, whatever its compression", async () => {
    await using place = await playground();
    const strict = createLayerTools({ helper, bounds: { entries: 10, free: 100_000, ratio: 20 } });
    const bomb = tar(file("zeros", "\0".repeat(4_000_000)));
    const text = tar(file("text", Array.from({ length: 40_000 }, (_, index) => index * 7919).join(" ")));
    for (const pack of [gzipSync, zstdCompressSync]) {
      const error = await refusal(strict.apply(streamed(pack(bomb)), await place.plain("tree")));
      expect([error.kind, error.message]).toEqual([
        "invalid",
        expect.stringContaining("unpack to more than"),
      ]);
      await strict.apply(streamed(pack(text)), await place.plain("tree"));
    }
    await strict.apply(streamed(bomb), await place.plain("tree"));
    const many = tar(...Array.from({ length: 11 }, (_, index) => file(`f${index}`)));
    expect((await refusal(strict.apply(streamed(many), await place.plain("tree")))).message).toContain(
      "more than 10 entries",
    );
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
