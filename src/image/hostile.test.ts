import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { archiveAround, hostileArchives } from "../../test/hostile-archives.ts";
import { EngineError } from "../base/index.ts";
import { streamed, tar } from "../layer/tar.fixture.ts";
import { openStore, type Store } from "./image.fixture.ts";

const load = (store: Store, archive: AsyncIterable<Uint8Array>) => store.images.load(archive, () => {});

async function refusal(work: Promise<unknown>): Promise<EngineError> {
  const error = await work.then(
    () => new Error("it was accepted"),
    (one: unknown) => one,
  );
  if (!(error instanceof EngineError)) throw error;
  return error;
}

describe("a hostile image archive", () => {
  for (const { what, archive, refused } of hostileArchives("odd:1")) {
    const verdict = refused === undefined ? "is loaded and writes nowhere" : "is refused and leaves nothing";
    test(`${verdict}: ${what}`, async () => {
      await using store = await openStore();
      const work = load(store, streamed(archive, 100_000));
      if (refused === undefined) {
        expect(await work).toEqual(["Loaded image: odd:1"]);
        expect(await store.counts()).toMatchObject({ committed: 1, active: 0 });
        await store.collect();
        expect((await store.counts()).blobs).toBe(3);
      } else {
        const error = await refusal(work);
        expect([error.kind, error.message]).toEqual(["invalid", expect.stringContaining(refused)]);
        expect(await store.counts()).toEqual({ blobs: 0, committed: 0, active: 0 });
        expect(store.images.list()).toEqual([]);
      }
      expect(existsSync("/tmp/gantry-hostile")).toBe(false);
    });
  }

  test("is refused when it has more members than any", async () => {
    await using store = await openStore();
    const header = tar({ name: "d/", type: "5" }).subarray(0, 512);
    const block = Buffer.concat(Array<Uint8Array>(1000).fill(header));
    const endless = async function* () {
      for (let round = 0; round < 10_000; round += 1) yield block;
    };
    expect((await refusal(load(store, endless()))).message).toContain("more than 100000 files");
    // As many as the largest archive may have are read before it is refused.
  }, 120_000);

  test("is refused wherever it is cut, or loaded when only its end is missing", async () => {
    await using store = await openStore();
    const layer = tar({ name: "file", data: "text" });
    const whole = archiveAround(layer, layer, "cut:1");
    const end = whole.length - 1024;
    for (let size = 100; size < end; size += 256) {
      const error = await refusal(load(store, streamed(whole.subarray(0, size))));
      expect([size, error.kind]).toEqual([size, "invalid"]);
    }
    expect(await store.counts()).toEqual({ blobs: 0, committed: 0, active: 0 });
    expect(await load(store, streamed(whole.subarray(0, end)))).toEqual(["Loaded image: cut:1"]);
  });

  test("names the layer that is bad, by its digest, and what is wrong with it", async () => {
    await using store = await openStore();
    const layer = tar({ name: "../x", data: "text" });
    const error = await refusal(load(store, streamed(archiveAround(layer, layer, "bad:1"))));
    expect(error.message).toMatch(
      /^failed to register layer sha256:[0-9a-f]{64}: .*\.\.\/x: name holds "\.\."$/,
    );
  });
});
