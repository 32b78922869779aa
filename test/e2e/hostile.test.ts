import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hostileLayers } from "../../src/layer/hostile.fixture.ts";
import { archiveAround, hostileArchives } from "../hostile-archives.ts";
import { startEngine, type TestEngine } from "./harness.ts";

let engine: TestEngine;
let outside: string;
beforeAll(async () => {
  engine = await startEngine();
  outside = join(engine.directory, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "secret"), "secret");
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

interface Case {
  readonly what: string;
  readonly archive: Uint8Array;
  readonly refused?: string;
}

/** What the engine keeps of images, by name. */
const kept = (): Record<string, readonly string[]> =>
  Object.fromEntries(
    ["content/blobs/sha256", "content/ingest", "snapshots/committed", "snapshots/active"].map((path) => [
      path,
      readdirSync(join(engine.root, path)).sort(),
    ]),
  );

/** Loads them a few at a time, and compares each verdict. */
async function loadAll(cases: readonly Case[]): Promise<void> {
  const queue = [...cases];
  const work = async (): Promise<void> => {
    for (let one = queue.shift(); one; one = queue.shift()) {
      const { code, stdout, stderr } = await engine.docker(["load"], { stdin: new Uint8Array(one.archive) });
      const text = stdout + stderr;
      if (one.refused === undefined) expect([one.what, code, text]).toEqual([one.what, 0, expect.anything()]);
      else expect([one.what, code, text]).toEqual([one.what, 1, expect.stringContaining(one.refused)]);
    }
  };
  await Promise.all([work(), work(), work()]);
}

function expectUnharmed(): void {
  expect(readdirSync(outside)).toEqual(["secret"]);
  expect(readFileSync(join(outside, "secret"), "utf8")).toBe("secret");
  expect(lstatSync(join(outside, "secret")).nlink).toBe(1);
  expect(existsSync("/tmp/gantry-hostile")).toBe(false);
}

describe("docker load of hostile archives", () => {
  test("every bad layer is refused by the digest of its blob and a reason, and nothing of it stays", async () => {
    const before = kept();
    const layers = hostileLayers(outside).filter(({ refused }) => refused !== undefined);
    await loadAll(
      layers.map(({ what, archive }, at) => ({
        what,
        archive: archiveAround(archive, archive, `bad:${at}`),
        refused: "failed to register layer sha256:",
      })),
    );
    expectUnharmed();
    expect(await engine.ok(["images", "-q", "--filter", "reference=bad"])).toBe("");
    expect(kept()).toEqual(before);
  }, 60_000);

  test("layers that may be taken stay within their image", async () => {
    const layers = hostileLayers(outside).filter(({ refused }) => refused === undefined);
    await loadAll(
      layers.map(({ what, archive }, at) => ({
        what,
        archive: archiveAround(archive, archive, `odd:${at}`),
      })),
    );
    expectUnharmed();
    const loaded = (await engine.ok(["images", "-q", "--no-trunc", "--filter", "reference=odd"])).split("\n");
    expect(loaded.length).toBe(layers.length);
    await engine.ok(["rmi", "-f", ...new Set(loaded)]);
  }, 60_000);

  test("archives of odd and bad members are judged by what they mean, and nothing is written by their names", async () => {
    const before = kept();
    await loadAll(hostileArchives("odd:1"));
    expectUnharmed();
    await engine.ok(["rmi", "odd:1"]);
    expect(kept()).toEqual(before);
  }, 60_000);

  test("the engine is well after all of it", async () => {
    expect(await engine.ok(["run", "--rm", "busybox", "echo", "well"])).toBe("well");
  });
});
