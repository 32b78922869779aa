import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type FakeDescriptor, FakeRegistry } from "./fake-registry.ts";
import { startEngine, TestEngine } from "./harness.ts";
import { run } from "./process.ts";

const busybox = new Uint8Array(readFileSync("/bin/busybox"));
let fake: FakeRegistry;
let layers: readonly FakeDescriptor[];
beforeAll(async () => {
  fake = new FakeRegistry();
  const big = { name: "big", bytes: new Uint8Array(randomBytes(2_500_000)) };
  const offered = await fake.offer("v1", {
    layers: [
      {
        entries: [
          { name: "bin/", type: "directory" },
          { name: "bin/sh", bytes: busybox, mode: 0o755 },
        ],
      },
      { entries: [big] },
      // Stands on the layer below, so it is unpacked after it.
      { entries: [{ name: "bin/ash", type: "link", linkname: "bin/sh" }] },
    ],
  });
  layers = offered.layers;
});
afterAll(async () => {
  await fake[Symbol.asyncDispose]();
});

/** What the store holds of images, by file name. */
function stored(engine: TestEngine): string[] {
  return ["content/blobs/sha256", "content/ingest", "snapshots/committed", "snapshots/active"].flatMap(
    (folder) => readdirSync(join(engine.root, folder)).map((name) => `${folder}/${name}`),
  );
}

/** Every blob that is visible is what its name says. */
function checkBlobs(engine: TestEngine): void {
  const folder = join(engine.root, "content/blobs/sha256");
  for (const name of readdirSync(folder)) {
    const digest = new Bun.CryptoHasher("sha256").update(readFileSync(join(folder, name))).digest("hex");
    expect(digest).toBe(name);
  }
}

describe("an engine that is killed in the middle of a pull", () => {
  test("leaves no broken image; the next pull goes on, and nothing is left once the image is gone", async () => {
    await using engine = await startEngine({ image: false, steps: true });
    const name = `${fake.host}/app:v1`;
    engine.steps.take();
    await engine.ok(["pull", name]);
    const points = killPoints(engine.steps.take());
    expect(points.length).toBeGreaterThanOrEqual(20);
    await engine.ok(["rmi", name]);
    expect(stored(engine)).toEqual([]);
    let resumed = 0;
    for (const [step, count] of points) {
      engine.steps.killAt(step, count);
      await engine.docker(["pull", name]);
      // How often a step is passed differs a little from pull to pull.
      if (!engine.steps.spare()) {
        await engine.ended();
        await engine.start();
      }
      checkBlobs(engine);
      const isThere = (await engine.ok(["images", "-q"])) !== "";
      if (isThere) expect(await engine.ok(["run", "--rm", name, "sh", "-c", "echo whole"])).toBe("whole");
      const missing = missingOf(engine);
      const asked = fake.asked.length;
      await engine.ok(["pull", name]);
      expect(await engine.ok(["run", "--rm", name, "/bin/ash", "-c", "echo whole"])).toBe("whole");
      expect(fake.asked.slice(asked).filter(isOfLayer).sort()).toEqual(missing);
      resumed += missing.filter((line) => !line.endsWith(" 0")).length;
      await engine.ok(["rmi", name]);
      expect(stored(engine)).toEqual([]);
    }
    expect(resumed).toBeGreaterThan(0);
  }, 240_000);
});

const isOfLayer = (line: string): boolean => layers.some(({ digest }) => line.startsWith(digest));

/** What of the layers is not here, as `digest offset`: where the next pull has to go on. */
function missingOf(engine: TestEngine): string[] {
  return layers
    .flatMap(({ digest, size }) => {
      const hex = digest.slice("sha256:".length);
      const begun = join(engine.root, "content/ingest", hex);
      const offset = existsSync(begun) ? statSync(begun).size : 0;
      const isWhole = existsSync(join(engine.root, "content/blobs/sha256", hex)) || offset === size;
      return isWhole ? [] : [`${digest} ${offset}`];
    })
    .sort();
}

/** The first and the last passing of each step. */
function killPoints(passed: readonly string[]): (readonly [step: string, count: number])[] {
  const counts = new Map<string, number>();
  for (const step of passed) counts.set(step, (counts.get(step) ?? 0) + 1);
  return [...counts].flatMap(([step, count]) => [...new Set([1, count])].map((at) => [step, at] as const));
}

describe("a full disk", () => {
  test("ends a pull with the kernel's words and loses nothing; with room the pull goes through", async () => {
    const directory = new TestEngine({ image: false });
    const image = join(directory.directory, "disk.img");
    await Bun.write(image, "");
    truncateSync(image, 24 * 1024 * 1024);
    mkdirSync(directory.root);
    const mounted = await run([
      "sh",
      "-c",
      `mkfs.ext4 -q ${image} && mount -o loop ${image} ${directory.root}`,
    ]);
    expect(mounted.stderr).toBe("");
    try {
      await directory.start();
      const small = `${fake.host}/app:v1`;
      await directory.ok(["pull", small]);
      await fake.offer("large", {
        layers: [{ entries: [{ name: "large", bytes: new Uint8Array(randomBytes(20_000_000)) }] }],
      });
      const before = stored(directory).sort();
      const failed = await directory.docker(["pull", `${fake.host}/app:large`]);
      expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining("no space left on device")]);
      expect(stored(directory).sort()).toEqual(before);
      expect(await directory.ok(["run", "--rm", small, "sh", "-c", "echo whole"])).toBe("whole");
      await directory.ok(["rmi", small]);
      await directory.ok(["pull", small]);
      await directory.stop();
      await directory.start();
      expect(await directory.ok(["run", "--rm", small, "sh", "-c", "echo whole"])).toBe("whole");
    } finally {
      await directory.stop();
      // What is left of the engine on the machine is found by this.
      const identity = readFileSync(join(directory.root, "engine.json"));
      await run(["umount", directory.root]);
      writeFileSync(join(directory.root, "engine.json"), identity);
      if (existsSync(image)) rmSync(image);
      await directory[Symbol.asyncDispose]();
    }
  });
});
