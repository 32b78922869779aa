import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { archive } from "./archive.ts";
import { startEngine, type TestEngine, writeFiles } from "./harness.ts";
import { checkStore } from "./store-check.ts";

const megabyte = 1024 * 1024;
let engine: TestEngine;
let small: string;

beforeAll(async () => {
  engine = await startEngine({ disk: 64 });
  // It cannot be compressed, so it takes its size as a blob and again as a layer.
  const files = (size: number) => archive([{ name: "noise", bytes: new Uint8Array(randomBytes(size)) }]);
  await engine.ok(["import", "-", "small:1"], { stdin: await files(2 * megabyte) });
  small = join(engine.directory, "small.tar");
  await engine.ok(["save", "-o", small, "small:1"]);
  await engine.ok(["create", "--name", "kept", "busybox", "sh", "-c", "cat /data"]);
  writeFileSync(join(engine.directory, "data"), "kept");
  await engine.ok(["cp", join(engine.directory, "data"), "kept:/data"]);
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

/** What was removed is free once the file system has written it down. */
const free = (): number => {
  Bun.spawnSync(["sync", "-f", engine.root]);
  const { bavail, bsize } = statfsSync(engine.root);
  return bavail * bsize;
};

/** Takes the disk's room away but for so much, while the work is done. */
async function withFree<T>(left: number, work: () => Promise<T>): Promise<T> {
  const ballast = join(engine.root, "ballast");
  writeFileSync(ballast, new Uint8Array(Math.max(0, free() - left)));
  try {
    return await work();
  } finally {
    rmSync(ballast);
  }
}

/** Docker's command fails for want of space; the engine's store is as it was, and nothing half-made takes room. */
async function expectNoSpace(
  what: string,
  left: number,
  args: readonly string[],
  stdin?: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const before = checkStore(engine.root);
  const room = free();
  const { code, stdout, stderr } = await withFree(left, () => engine.docker(args, stdin ? { stdin } : {}));
  expect([what, code === 0, stdout + stderr]).toEqual([
    what,
    false,
    expect.stringContaining("no space left on device"),
  ]);
  await engine.ok(["image", "prune", "-f"]);
  const after = checkStore(engine.root);
  expect([what, after.broken, after.names]).toEqual([what, [], before.names]);
  expect([what, after.garbage]).toEqual([what, []]);
  expect(free()).toBeGreaterThan(room - megabyte);
  expect(await engine.ok(["run", "--rm", "busybox", "echo", "goes on"])).toBe("goes on");
}

describe("a full disk", () => {
  test("fails a load, while its blobs are stored or its layers unpacked, and loses nothing", async () => {
    const id = await engine.inspect("small:1", "{{.Id}}");
    await engine.ok(["rmi", "small:1"]);
    for (const left of [1 * megabyte, 3 * megabyte])
      await expectNoSpace(`load into ${left}`, left, ["load", "-i", small]);
    await engine.ok(["load", "-i", small]);
    expect(await engine.inspect("small:1", "{{.Id}}")).toBe(id);
  }, 60_000);

  test("fails an import, a commit, a build and a copy, and leaves what was there", async () => {
    const noise = new Uint8Array(randomBytes(4 * megabyte));
    await expectNoSpace(
      "import",
      2 * megabyte,
      ["import", "-", "large:1"],
      await archive([{ name: "noise", bytes: noise }]),
    );
    writeFileSync(join(engine.directory, "noise"), noise);
    await engine.ok(["create", "--name", "grown", "busybox", "true"]);
    await engine.ok(["cp", join(engine.directory, "noise"), "grown:/noise"]);
    await expectNoSpace("commit", 1 * megabyte, ["commit", "grown", "large:1"]);
    expect(await engine.ok(["diff", "grown"])).toBe("A /noise");
    await expectNoSpace("cp", 1 * megabyte, ["cp", join(engine.directory, "noise"), "kept:/noise"]);
    const context = writeFiles(join(engine.directory, "context"), {
      Dockerfile: "FROM busybox\nRUN dd if=/dev/urandom of=/noise bs=1M count=4\n",
    });
    const { code, stdout, stderr } = await withFree(megabyte, () =>
      engine.docker(["build", "-t", "large:1", context], { env: { DOCKER_BUILDKIT: "0" } }),
    );
    expect([code === 0, stdout + stderr]).toEqual([
      false,
      expect.stringMatching(/[Nn]o space left on device/),
    ]);
    expect(checkStore(engine.root).broken).toEqual([]);
    await engine.ok(["rm", "grown"]);
  }, 60_000);

  test("leaves containers and their data as they were", async () => {
    expect(await engine.ok(["start", "-a", "kept"])).toBe("kept");
    expect(readFileSync(join(engine.directory, "data"), "utf8")).toBe("kept");
    await engine.ok(["rm", "kept"]);
  });
});
