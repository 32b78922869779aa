import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isProjectUsed } from "../../src/sys/index.ts";
import { library } from "../../src/sys/library.ts";
import { deviceOf } from "../../src/sys/project-quota.ts";
import { mountDisk, unmountDisk } from "./disk.ts";
import { startEngine, type TestEngine } from "./harness.ts";
import { eventually } from "./process.ts";

/** Undefined where the kernel keeps quotas of projects on ext4: that needs its `quota_v2`, which not every one has. */
const reason = ((): string | undefined => {
  const directory = mkdtempSync(join(tmpdir(), "gantry-quota-"));
  const at = join(directory, "at");
  try {
    mountDisk({ file: join(directory, "disk"), at, megabytes: 16, quotas: true });
    unmountDisk(at);
    return undefined;
  } catch (error) {
    return String(error);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
})();
if (reason !== undefined) process.stderr.write(`no quotas of projects on ext4 here: ${reason}\n`);

const size = ["--storage-opt", "size=8M"];
const ephemeral = ["--annotation", "gantry.ephemeral=true"];
/** Writes until it is refused, and tells how many MiB there were. */
const fill = "dd if=/dev/zero of=/big bs=1M count=12 2>&1; echo $(($(stat -c %s /big) >> 20)) MiB";
const refused = /No space left on device|Disk quota exceeded/;
let engine: TestEngine;

interface Limit {
  readonly bytes: number;
  readonly project: number;
}

/** The limits on the engine's disk, by the name of the snapshot. */
function limits(): ReadonlyMap<string, Limit> {
  const active = join(engine.root, "snapshots/active");
  const read = (key: string): [string, Limit] => [
    key,
    JSON.parse(readFileSync(join(active, key, "snapshot.json"), "utf8")).limit,
  ];
  return new Map(readdirSync(active).map(read));
}

const used = (project: number): boolean => isProjectUsed(engine.root, project);

async function limitOf(name: string): Promise<Limit> {
  const limit = limits().get(await engine.inspect(name, "{{.Id}}"));
  if (limit === undefined) throw new Error(`${name} is not limited`);
  return limit;
}

async function expectFull(output: Promise<string>): Promise<void> {
  const text = await output;
  expect(text).toMatch(refused);
  const mebibytes = Number(/(\d+) MiB/.exec(text)?.[1]);
  expect(mebibytes).toBeGreaterThanOrEqual(6);
  expect(mebibytes).toBeLessThan(9);
}

describe.skipIf(reason !== undefined)("the size of a container's writable layer", () => {
  beforeAll(async () => {
    engine = await startEngine({ disk: 96, quotas: true, steps: true });
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
  });

  test("is held to what was asked, for this container alone, and shown by inspect and df", async () => {
    await expectFull(engine.ok(["run", "--name", "small", ...size, "busybox", "sh", "-c", fill]));
    expect(await engine.ok(["run", "--rm", "busybox", "sh", "-c", fill])).toEndWith("12 MiB");
    expect(await engine.inspect("small", "{{json .HostConfig.StorageOpt}}")).toBe('{"size":"8M"}');
    const other = ["run", "-d", "--name", "other", "--storage-opt", "SIZE=4m", "busybox", "sleep", "1000"];
    await engine.ok(other);
    const df = await engine.ok(["exec", "other", "df", "-k", "/"]);
    expect(df).toMatch(/^overlay\s+4096\s/m);
    expect(limits().size).toBe(2);
    const [first, second] = [await limitOf("small"), await limitOf("other")];
    expect([first.bytes, second.bytes]).toEqual([8 * 1024 ** 2, 4 * 1024 ** 2]);
    expect(first.project).not.toBe(second.project);
    const device = deviceOf(engine.root) ?? "";
    const [place, by] = [Buffer.from(`${engine.root}\0`), Buffer.from(`${device}\0`)];
    // Kernels before 5.14 are asked by the device.
    expect([device, library().gantry_quota_enforced(place, by)]).toEqual([device, 1]);
    expect(library().gantry_quota_in_use(place, by, first.project)).toBe(1);
  });

  test("holds for what is copied into the container, whether it runs or not", async () => {
    const file = join(engine.directory, "file");
    // Of zeros it would be a hole.
    await Bun.write(file, new Uint8Array(randomBytes(6 * 1024 ** 2)));
    for (const name of ["other", "small"]) {
      const { code, stderr } = await engine.docker(["cp", file, `${name}:/file`]);
      expect([name, code === 0, stderr]).toEqual([
        name,
        false,
        expect.stringMatching(/no space left on device|disk quota exceeded/i),
      ]);
    }
  });

  test("is kept by an engine that is killed and started again, and its number is nobody else's", async () => {
    const before = limits();
    await engine.kill9();
    await engine.start();
    expect(limits()).toEqual(before);
    await expectFullAtFour("other");
    await engine.ok(["create", "--name", "later", ...size, "busybox", "true"]);
    const projects = [...limits().values()].map(({ project }) => project);
    expect(new Set(projects).size).toBe(3);
    await engine.ok(["rm", "-f", "other", "small", "later"]);
    expect(limits().size).toBe(0);
    for (const project of projects)
      await eventually(`project ${project} to be free`, () => (used(project) ? undefined : true));
  });

  test("is kept by an ephemeral container from run to run, also by one that a kill left without its layer", async () => {
    const flags = ["--name", "eph", ...size, ...ephemeral];
    await expectFull(engine.ok(["run", ...flags, "busybox", "sh", "-c", fill]));
    expect((await limitOf("eph")).bytes).toBe(8 * 1024 ** 2);
    engine.steps.killAt("exit:layer-discarded");
    await engine.docker(["start", "-a", "eph"]);
    await engine.ended();
    expect(limits().size).toBe(0);
    await engine.start();
    await expectFull(engine.ok(["start", "-a", "eph"]));
    await engine.ok(["rm", "eph"]);
  });

  test("leaves nothing with the file system when the engine is killed in the middle", async () => {
    const create = ["create", "--name", "cut", ...size, "busybox", "true"];
    for (const [step, doomed] of [
      ["snapshot:limited", create],
      ["snapshot:discarded", ["rm", "cut"]],
    ] as const) {
      if (step === "snapshot:discarded") await engine.ok(create);
      engine.steps.killAt(step);
      await engine.docker(doomed);
      await engine.ended();
      const project = projectLeft();
      expect([step, used(project)]).toEqual([step, true]);
      await engine.start();
      await eventually("the project to be free", () => (used(project) ? undefined : true));
      await engine.docker(["rm", "cut"]);
      expect(limits().size).toBe(0);
    }
  });

  test("is refused in Docker's words where it makes no sense, and nothing is made", async () => {
    for (const [option, words] of [
      ["size=much", "invalid size: 'much'"],
      ["size=-1", "invalid size: '-1'"],
      ["inodes=3", "Unknown option inodes"],
    ] as const) {
      const { code, stderr } = await engine.docker(["create", "--storage-opt", option, "busybox", "true"]);
      expect([code === 0, stderr]).toEqual([false, expect.stringContaining(words)]);
    }
    await engine.ok(["create", "--name", "free", "--storage-opt", "size=0", "busybox", "true"]);
    expect([...limits().values()].some((limit) => limit)).toBe(false);
    await engine.ok(["rm", "free"]);
    expect(await engine.ok(["ps", "-aq"])).toBe("");
  });

  test("is forgotten by the file system after a reset", async () => {
    await engine.ok(["create", "--name", "last", ...size, "busybox", "true"]);
    const { project } = await limitOf("last");
    await engine.stop();
    expect((await engine.reset()).code).toBe(0);
    expect(used(project)).toBe(false);
    await engine.start();
  });
});

/** The project of the snapshot that was being made or removed. */
function projectLeft(): number {
  const directory = join(engine.root, "snapshots/tmp");
  const records = readdirSync(directory).map((name) => join(directory, name, "snapshot.json"));
  const texts = records.filter((path) => existsSync(path)).map((path) => readFileSync(path, "utf8"));
  return Number(/"project":(\d+)/.exec(texts.join(""))?.[1]);
}

/** The running container `name` of 4 MiB takes no more than those. */
async function expectFullAtFour(name: string): Promise<void> {
  const text = await engine.ok(["exec", name, "sh", "-c", fill]);
  expect(text).toMatch(refused);
  expect(Number(/(\d+) MiB/.exec(text)?.[1])).toBeLessThanOrEqual(4);
}
