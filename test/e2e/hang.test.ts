import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processesWith } from "../../scripts/machine.ts";
import { Api } from "./api.ts";
import { startEngine, type TestEngine, writeFiles } from "./harness.ts";
import { expectTruePicture } from "./picture.ts";
import { eventually, run } from "./process.ts";

/*
 * Things that hang: a shim that is stopped, a runtime that never answers, a file system whose server is gone, frozen
 * processes. What hangs fails within its bound and can be removed; nothing else waits for it.
 */

let engine: TestEngine;
let api: Api;
let runtime = "";
/** What the runtime is that never answers: no other test's. */
const stuck = `sleep 1234.${process.pid}`;
beforeAll(async () => {
  const scripts = `/tmp/gantry-stuck-${crypto.randomUUID().slice(0, 8)}`;
  mkdirSync(scripts);
  runtime = join(scripts, "stuck");
  writeFiles(scripts, { stuck: `#!/bin/sh\nexec ${stuck}\n` });
  chmodSync(runtime, 0o755);
  engine = await startEngine({ arguments: ["--patience", "1", "--runtime", `stuck=${runtime}`] });
  api = new Api(engine.socket);
  await engine.ok(["run", "-d", "--name", "other", "busybox", "sleep", "1000"]);
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await run(["rm", "-rf", join(runtime, "..")]);
});

/** Milliseconds that something takes. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** What must go on while something hangs: lists, looks, and a whole run beside it. */
async function expectOthersUnharmed(): Promise<void> {
  const took = await timed(async () => {
    expect((await api.ok("GET", "/containers/json?all=1")).body.length).toBeGreaterThan(0);
    expect((await api.ok("GET", "/containers/other/json")).body.State.Running).toBe(true);
    expect((await api.ok("GET", "/containers/other/stats?stream=0&one-shot=1")).body.pids_stats.current).toBe(
      1,
    );
    expect(await engine.ok(["exec", "other", "echo", "well"])).toBe("well");
    expect(await engine.ok(["run", "--rm", "busybox", "echo", "well"])).toBe("well");
  });
  expect(took).toBeLessThan(10_000);
}

function shimOf(id: string): number {
  const [shim] = processesWith(`/tasks/${id}`).filter(({ command }) => command.includes("gantry-shim"));
  if (!shim) throw new Error(`No shim for ${id}`);
  return shim.pid;
}

async function runSleeper(name: string): Promise<{ id: string; shim: number; pid: number }> {
  const id = await engine.ok(["run", "-d", "--name", name, "busybox", "sleep", "1000"]);
  return { id, shim: shimOf(id), pid: Number(await engine.inspect(name, "{{.State.Pid}}")) };
}

test("a shim that is stopped fails the commands that need it, and its container can be removed", async () => {
  const { shim, pid } = await runSleeper("hung");
  process.kill(shim, "SIGSTOP");
  const exec = engine.docker(["exec", "hung", "true"]);
  await expectOthersUnharmed();
  expect((await engine.ok(["ps", "--format", "{{.Names}}"])).split("\n").sort()).toEqual(["hung", "other"]);
  expect((await exec).stderr).toContain("does not answer: its supervisor has not answered for 6 s");
  const resize = await api.ask("POST", "/containers/hung/resize?h=10&w=10");
  expect([resize?.status, resize?.text]).toEqual([503, expect.stringContaining("not answered for 1 s")]);
  expect(await timed(() => engine.ok(["rm", "-f", "hung"]))).toBeLessThan(10_000);
  await eventually("both to be reaped", () => ![shim, pid].some((one) => existsSync(`/proc/${one}`)));
  await expectTruePicture(engine, "after the removal");
}, 60_000);

test("an engine that finds a stopped shim serves at once, and takes it back when it goes on", async () => {
  const [back, gone] = [await runSleeper("back"), await runSleeper("gone")];
  for (const { shim } of [back, gone]) process.kill(shim, "SIGSTOP");
  await engine.kill9();
  expect(await timed(() => engine.start())).toBeLessThan(5000);
  expect(await engine.inspect("back", "{{.State.Status}} {{.State.Pid}}")).toBe(`running ${back.pid}`);
  expect(await timed(() => engine.ok(["rm", "-f", "gone"]))).toBeLessThan(10_000);
  process.kill(back.shim, "SIGCONT");
  expect(await engine.ok(["exec", "back", "echo", "awake"])).toBe("awake");
  process.kill(back.pid, "SIGKILL");
  await eventually("its end", async () => (await engine.inspect("back", "{{.State.ExitCode}}")) === "137");
  await engine.ok(["rm", "back"]);
  await expectTruePicture(engine, "after both are gone");
}, 60_000);

test("a runtime that never answers fails the start in time, and a removal by force need not wait for it", async () => {
  const started = Date.now();
  const failing = engine.docker(["run", "--name", "late", "--runtime", "stuck", "busybox", "true"]);
  await engine.ok(["create", "--name", "never", "--runtime", "stuck", "busybox", "true"]);
  const never = engine.docker(["start", "never"]);
  await eventually("both starts", () => (processesWith(stuck).length === 2 ? true : undefined));
  await expectOthersUnharmed();
  expect(await timed(() => engine.ok(["rm", "-f", "never"]))).toBeLessThan(15_000);
  expect((await never).code).toBe(1);
  const { code, stderr } = await failing;
  expect(stderr).toContain("OCI runtime did not answer within 6 s");
  expect(code).toBe(125);
  expect(Date.now() - started).toBeLessThan(20_000);
  await engine.ok(["rm", "late"]);
  await expectTruePicture(engine, "after the failures");
}, 60_000);

test("processes that somebody froze die when they are killed", async () => {
  const { id } = await runSleeper("frozen");
  const [v1, v2] = [`/sys/fs/cgroup/freezer/${engine.prefix}/${id}`, `/sys/fs/cgroup/${engine.prefix}/${id}`];
  if (existsSync(v1)) writeFileSync(join(v1, "freezer.state"), "FROZEN");
  else writeFileSync(join(v2, "cgroup.freeze"), "1");
  expect(await timed(() => engine.ok(["rm", "-f", "frozen"]))).toBeLessThan(10_000);
  await expectTruePicture(engine, "after the removal");
}, 60_000);

/** A file system whose server never answers: everything that looks into it hangs until it is taken away. */
async function mountSilence(path: string): Promise<AsyncDisposable> {
  mkdirSync(path);
  const server = openSync("/dev/fuse", "r+");
  const options = "fd=3,rootmode=40000,user_id=0,group_id=0";
  const mounting = Bun.spawn(["mount", "-i", "-t", "fuse", "-o", options, "silence", path], {
    stdio: ["ignore", "ignore", "pipe", server],
  });
  const text = await new Response(mounting.stderr).text();
  if ((await mounting.exited) !== 0) throw new Error(`Cannot mount: ${text}`);
  return {
    [Symbol.asyncDispose]: async () => {
      closeSync(server);
      await run(["umount", "-l", path]);
    },
  };
}

const hasFuse = existsSync("/dev/fuse") && readdirSync("/sys/fs").includes("fuse");
test.skipIf(!hasFuse)(
  "a file system that hangs harms nobody but who is to have it",
  async () => {
    const path = join(runtime, "../silent");
    await using _silence = await mountSilence(path);
    const asking = Array.from({ length: 6 }, (_, at) =>
      engine.docker(["create", "--name", `silent${at}`, "-v", `${path}/deep:/data`, "busybox", "true"]),
    );
    await expectOthersUnharmed();
    for (const { code, stderr } of await Promise.all(asking)) {
      expect(stderr).toContain("does not answer: its file system hangs");
      expect(code).toBe(1);
    }
    expect(await engine.ok(["ps", "-aq", "--filter", "name=silent"])).toBe("");
    await expectTruePicture(engine, "after the refusals");
  },
  60_000,
);
