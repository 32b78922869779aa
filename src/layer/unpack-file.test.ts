import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFile, readdir, writeFile } from "node:fs/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { digestOf, isKind } from "../base/index.ts";
import { type ArrivingFile, createLayerTools } from "./index.ts";
import { type Entry, tar } from "./tar.fixture.ts";
import { helper, listTree, type Playground, playground, tools } from "./tree.fixture.ts";

const big = randomBytes(3_000_000);
const entries: readonly Entry[] = [
  { name: "./", type: "5", mode: 0o755 },
  { name: "etc/", type: "5" },
  { name: "etc/plain", data: "hello", mode: 0o640, uid: 7 },
  { name: "etc/hard", type: "1", link: "etc/plain" },
  { name: "etc/.wh.gone", data: "" },
  { name: "big", data: big },
];
const archive = tar(...entries);
const little = tar(
  ...entries.map((entry) => (entry.name === "big" ? { ...entry, data: big.subarray(0, 300_000) } : entry)),
);

/** A file with all its bytes there. */
async function whole(place: Playground, bytes: Uint8Array): Promise<ArrivingFile> {
  const path = place.path(`blob-${digestOf(bytes).slice(7, 17)}`);
  await writeFile(path, bytes);
  return {
    path,
    async *lengths() {
      yield bytes.length;
    },
  };
}

/** A file that grows by `step` bytes each time it is asked. */
async function growing(place: Playground, bytes: Uint8Array, step: number): Promise<ArrivingFile> {
  const path = place.path("growing");
  await writeFile(path, "");
  return {
    path,
    async *lengths() {
      for (let at = 0; at < bytes.length; at += step) {
        await appendFile(path, bytes.subarray(at, at + step));
        yield Math.min(bytes.length, at + step);
      }
    },
  };
}

async function caught(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

const compressed: readonly (readonly [string, (plain: Uint8Array) => Uint8Array])[] = [
  ["plain", (plain) => plain],
  ["gzip", (plain) => gzipSync(plain)],
  [
    "gzip in several members, with zeros behind",
    (plain) =>
      Buffer.concat([gzipSync(plain.subarray(0, 70_001)), gzipSync(plain.subarray(70_001)), Buffer.alloc(9)]),
  ],
  ["zstd", (plain) => zstdCompressSync(plain)],
  [
    "zstd in several frames",
    (plain) => Buffer.concat([zstdCompressSync(plain.subarray(0, 5)), zstdCompressSync(plain.subarray(5))]),
  ],
  ["bzip2", (plain) => execFileSync("bzip2", { input: plain, maxBuffer: 1 << 26 })],
  ["xz", (plain) => execFileSync("xz", ["-0"], { input: plain, maxBuffer: 1 << 26 })],
];

describe("unpacking from a file", () => {
  for (const [name, compress] of compressed) {
    test(`gives what applying a stream gives: ${name}`, async () => {
      await using place = await playground();
      await place.plain("lower");
      await tools.apply(streamOf(little), await place.overlay("streamed", ["lower"]));
      const mounts = await place.overlay("filed", ["lower"]);
      const done = await tools.unpack(await whole(place, compress(little)), mounts);
      if (done === "not-apart") throw new Error("it was not to be apart");
      expect(done).toMatchObject({ diffID: digestOf(little), size: little.length, root: true });
      expect(done.usage).toEqual(await tools.usage(place.path("streamed")));
      expect(await listTree(place.view(["filed", "lower"]))).toEqual(
        await listTree(place.view(["streamed", "lower"])),
      );
    });
  }

  test("follows a file that grows, in steps of any size", async () => {
    await using place = await playground();
    const blob = gzipSync(archive);
    for (const [index, step] of [1 << 20, 100_003].entries()) {
      await place.plain(`upper${index}`);
      const seen: number[] = [];
      const done = await tools.unpack(
        await growing(place, blob, step),
        { apart: place.path(`upper${index}`) },
        { report: (bytes) => seen.push(bytes) },
      );
      expect(done).toMatchObject({ diffID: digestOf(archive) });
      expect(seen.length).toBeGreaterThan(0);
      expect(seen.at(-1)).toBeLessThanOrEqual(blob.length);
    }
  });

  test("a layer by itself that stands on lower ones says so", async () => {
    await using place = await playground();
    for (const [index, one] of [
      tar({ name: "usr/bin/tool", data: "x" }),
      tar({ name: "here", type: "1", link: "there" }),
    ].entries()) {
      await place.plain(`upper${index}`);
      const apart = { apart: place.path(`upper${index}`) };
      expect(await tools.unpack(await whole(place, gzipSync(one)), apart)).toBe("not-apart");
    }
    await place.plain("rootless");
    const rootless = await whole(place, tar({ name: "a", data: "x" }));
    expect(await tools.unpack(rootless, { apart: place.path("rootless") })).toMatchObject({ root: false });
  });

  test("deletions of a layer by itself are overlay's", async () => {
    await using place = await playground();
    await tools.apply(
      streamOf(tar({ name: "gone", data: "1" }, { name: "d/x", data: "2" })),
      await place.plain("low"),
    );
    await place.plain("up");
    const blob = tar(
      { name: "d/", type: "5" },
      { name: "d/.wh..wh..opq", data: "" },
      { name: ".wh.gone", data: "" },
    );
    await tools.unpack(await whole(place, blob), { apart: place.path("up") });
    expect(Object.keys(await listTree(place.view(["up", "low"])))).toEqual(["d/"]);
  });

  test("broken data is told by what is broken", async () => {
    await using place = await playground();
    const gzip = gzipSync(archive);
    const zstd = zstdCompressSync(archive);
    const bad = Buffer.from(gzip);
    bad[gzip.length - 6] = (bad[gzip.length - 6] ?? 0) ^ 1;
    const cases: readonly (readonly [Uint8Array, string])[] = [
      [gzip.subarray(0, 1_000_000), "unexpected end of file"],
      [gzip.subarray(0, gzip.length - 3), "unexpected end of file"],
      [zstd.subarray(0, 1_000_000), "unexpected end of file"],
      [bad, "incorrect data check"],
      [Buffer.concat([gzip.subarray(0, 500_000), randomBytes(400_000)]), "cannot decompress gzip data"],
      [Buffer.concat([zstd, Buffer.from("garbage")]), "cannot decompress zstd data"],
      [gzipSync(archive.subarray(0, 1_000_000)), "runcated"],
    ];
    for (const [index, [blob, words]] of cases.entries()) {
      await place.plain(`up${index}`);
      const error = await caught(tools.unpack(await whole(place, blob), { apart: place.path(`up${index}`) }));
      expect(isKind(error, "invalid")).toBe(true);
      expect(String(error)).toContain(words);
    }
  });

  test("what unpacks out of proportion is refused", async () => {
    await using place = await playground();
    await place.plain("up");
    const bomb = gzipSync(tar({ name: "zeros", data: Buffer.alloc(20_000_000) }));
    const careful = createLayerTools({ helper, bounds: { entries: 10, free: 1_000_000, ratio: 100 } });
    const error = await caught(careful.unpack(await whole(place, bomb), { apart: place.path("up") }));
    expect(isKind(error, "invalid")).toBe(true);
    expect(String(error)).toContain("unpack to more than");
  });

  test("a file that stops growing and an abort end the helper", async () => {
    await using place = await playground();
    await place.plain("up");
    const path = place.path("partial");
    await writeFile(path, gzipSync(archive).subarray(0, 1_000_000));
    const lost: ArrivingFile = {
      path,
      async *lengths() {
        yield 500_000;
        throw new Error("the registry is gone");
      },
    };
    expect(String(await caught(tools.unpack(lost, { apart: place.path("up") })))).toContain(
      "registry is gone",
    );
    const abort = new AbortController();
    const stalled: ArrivingFile = {
      path,
      async *lengths() {
        yield 500_000;
        abort.abort(new Error("enough"));
        await new Promise((resolve) => abort.signal.addEventListener("abort", resolve));
        yield 600_000;
      },
    };
    const aborted = tools.unpack(stalled, { apart: place.path("up") }, { signal: abort.signal });
    expect(String(await caught(aborted))).toContain("enough");
    expect(await readdir(place.path("up"))).toBeArray();
  });
});

async function* streamOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
