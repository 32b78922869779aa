import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf, isKind } from "../base/index.ts";
import { openContentStore } from "./index.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "gantry-content-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function* chunks(...parts: (string | Uint8Array | Error)[]): AsyncIterable<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield typeof part === "string" ? new TextEncoder().encode(part) : part;
  }
}

async function textOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  return new TextDecoder().decode(Buffer.concat(await Array.fromAsync(source)));
}

async function caught(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

const leftovers = () => readdir(join(directory, "ingest"));
const blobs = () => readdir(join(directory, "blobs", "sha256"));

describe("content store", () => {
  test("is an OCI layout that holds what was stored", async () => {
    const store = await openContentStore(directory);
    const stored = await store.ingest(chunks("hello ", "world"), { mediaType: "text/x" });
    expect(stored).toEqual({ mediaType: "text/x", digest: digestOf("hello world"), size: 11 });
    expect(await textOf(store.open(stored.digest))).toBe("hello world");
    expect(await readFile(await store.path(stored.digest), "utf8")).toBe("hello world");
    expect(JSON.parse(await readFile(join(directory, "oci-layout"), "utf8"))).toEqual({
      imageLayoutVersion: "1.0.0",
    });
    expect(JSON.parse(await readFile(join(directory, "index.json"), "utf8")).manifests).toEqual([]);
    expect(await Array.fromAsync(store.list())).toEqual([stored.digest]);
    expect((await store.find(stored.digest))?.size).toBe(11);
    await store.remove(stored.digest);
    await store.remove(stored.digest);
    expect(await store.find(stored.digest)).toBeUndefined();
  });

  test("refuses content of another digest or size and keeps nothing of it", async () => {
    const store = await openContentStore(directory);
    const expected = { digest: digestOf("right"), size: 5 };
    for (const wrong of ["wrong", "short".slice(1), "much longer"]) {
      const error = await caught(store.ingest(chunks(wrong), { mediaType: "x", expected }));
      expect(isKind(error, "invalid")).toBe(true);
    }
    expect(await leftovers()).toEqual([]);
    expect(await blobs()).toEqual([]);
    await store.ingest(chunks("ri", "ght"), { mediaType: "x", expected });
  });

  test("an endless source ends at the expected size", async () => {
    const store = await openContentStore(directory);
    let sent = 0;
    const endless = async function* () {
      for (;;) {
        sent += 1000;
        yield new Uint8Array(1000);
      }
    };
    const error = await caught(store.ingest(endless(), { mediaType: "x", expected: { size: 5000 } }));
    expect(isKind(error, "invalid")).toBe(true);
    expect(sent).toBeLessThan(8000);
  });

  test("a source that fails or an abort leaves nothing behind", async () => {
    const store = await openContentStore(directory);
    const failing = store.ingest(chunks("begin", new Error("cut off")), { mediaType: "x" });
    expect(String(await caught(failing))).toContain("cut off");
    const abort = new AbortController();
    const aborted = async function* () {
      yield new Uint8Array(10);
      abort.abort(new Error("enough"));
      yield new Uint8Array(10);
    };
    expect(String(await caught(store.ingest(aborted(), { mediaType: "x", signal: abort.signal })))).toContain(
      "enough",
    );
    expect(await leftovers()).toEqual([]);
    expect(await blobs()).toEqual([]);
  });

  test("the same content may be stored by many at once", async () => {
    const store = await openContentStore(directory);
    const bytes = new Uint8Array(3_000_000).fill(7);
    const one = () =>
      store.ingest(chunks(bytes.subarray(0, 10), bytes.subarray(10, 2_000_000), bytes.subarray(2_000_000)), {
        mediaType: "x",
      });
    const all = await Promise.all(Array.from({ length: 8 }, one));
    expect(new Set(all.map(({ digest }) => digest))).toEqual(new Set([digestOf(bytes)]));
    expect(await blobs()).toHaveLength(1);
    expect(await leftovers()).toEqual([]);
    expect(digestOf(await store.read(digestOf(bytes)))).toBe(digestOf(bytes));
  });

  test("chunks that their owner reuses are stored as they were", async () => {
    const store = await openContentStore(directory);
    const reuse = new Uint8Array(4);
    const source = async function* () {
      for (let i = 0; i < 3; i += 1) {
        reuse.fill(i);
        yield reuse;
      }
    };
    const stored = await store.ingest(source(), { mediaType: "x" });
    expect([...(await store.read(stored.digest))]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
    expect(digestOf(await store.read(stored.digest))).toBe(stored.digest);
  });

  test("opening removes unfinished ingests and keeps blobs", async () => {
    const before = await openContentStore(directory);
    const { digest } = await before.put(new TextEncoder().encode("kept"), "x");
    await mkdir(join(directory, "ingest"), { recursive: true });
    await writeFile(join(directory, "ingest", "half"), "ha");
    const store = await openContentStore(directory);
    expect(await leftovers()).toEqual([]);
    expect(await textOf(store.open(digest))).toBe("kept");
  });

  test("a fetch goes on behind what a broken one has brought, also after a restart", async () => {
    const bytes = new Uint8Array(1_500_000).map((_, at) => at % 251);
    const expected = { digest: digestOf(bytes), size: bytes.length };
    const asked: number[] = [];
    const from = (end: number) => (offset: number) => {
      asked.push(offset);
      return chunks(bytes.subarray(offset, end), ...(end < bytes.length ? [new Error("cut off")] : []));
    };
    const first = await openContentStore(directory);
    expect(String(await caught(first.fetch(expected, from(600_000)).stored))).toContain("cut off");
    expect(await first.find(expected.digest)).toBeUndefined();
    const second = await openContentStore(directory);
    const arrival = second.fetch(expected, from(bytes.length));
    const seen = await Array.fromAsync(arrival.lengths());
    await arrival.stored;
    expect(asked).toEqual([0, 600_000]);
    expect(seen[0]).toBeGreaterThanOrEqual(600_000);
    expect(seen.at(-1)).toBe(bytes.length);
    expect(arrival.path).toBe(await second.path(expected.digest));
    expect(digestOf(await second.read(expected.digest))).toBe(expected.digest);
    await second.fetch(expected, from(0)).stored;
    expect(asked).toHaveLength(2);
    expect(await leftovers()).toEqual([]);
  });

  test("a fetch of wrong content keeps nothing, one that ends early keeps its beginning until it is swept", async () => {
    const store = await openContentStore(directory);
    const expected = { digest: digestOf("right"), size: 5 };
    for (const wrong of ["wrong", "much longer"]) {
      const arrival = store.fetch(expected, () => chunks(wrong));
      expect(isKind(await caught(arrival.stored), "invalid")).toBe(true);
    }
    expect(await leftovers()).toEqual([]);
    const short = store.fetch(expected, () => chunks("ri"));
    expect(isKind(await caught(short.stored), "unavailable")).toBe(true);
    expect(await leftovers()).toHaveLength(1);
    await store.sweepBeginnings((digest) => digest === expected.digest);
    expect(await leftovers()).toHaveLength(1);
    expect(await store.sweepBeginnings(() => false)).toEqual({ bytes: 2 });
    expect(await leftovers()).toEqual([]);
  });

  test("the same blob fetched twice at once comes once", async () => {
    const store = await openContentStore(directory);
    const expected = { digest: digestOf("content"), size: 7 };
    let asked = 0;
    const source = () => {
      asked += 1;
      return chunks("con", "tent");
    };
    await Promise.all([1, 2, 3].map(() => store.fetch(expected, source).stored));
    expect(asked).toBe(1);
  });

  test("absent and oversized blobs are refused by kind", async () => {
    const store = await openContentStore(directory);
    const absent = digestOf("nothing");
    expect(isKind(await caught(textOf(store.open(absent))), "not-found")).toBe(true);
    expect(isKind(await caught(store.read(absent)), "not-found")).toBe(true);
    expect(isKind(await caught(store.path(absent)), "not-found")).toBe(true);
    const { digest } = await store.put(new Uint8Array(100), "x");
    expect(isKind(await caught(store.read(digest, 99)), "invalid")).toBe(true);
    expect(await store.read(digest, 100)).toHaveLength(100);
  });

  test("the index tells the images last set", async () => {
    const store = await openContentStore(directory);
    const a = await store.put(new Uint8Array(1), "a");
    const b = await store.put(new Uint8Array(2), "b");
    await Promise.all([store.setIndex([a]), store.setIndex([a, b])]);
    expect(JSON.parse(await readFile(join(directory, "index.json"), "utf8")).manifests).toEqual([a, b]);
  });

  test("a full disk is said in Docker's words and leaves nothing", async () => {
    const disk = join(directory, "disk");
    await mkdir(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk]);
    try {
      const store = await openContentStore(disk);
      const big = async function* () {
        for (let i = 0; i < 64; i += 1) yield new Uint8Array(512 * 1024).fill(i);
      };
      const error = await caught(store.ingest(big(), { mediaType: "x" }));
      expect(String(error)).toContain("no space left on device");
      expect(await readdir(join(disk, "ingest"))).toEqual([]);
      expect(await readdir(join(disk, "blobs", "sha256"))).toEqual([]);
      await store.put(new Uint8Array(1000), "x");
    } finally {
      execFileSync("umount", [disk]);
    }
  });
});
