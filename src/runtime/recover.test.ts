import { afterAll, beforeAll, expect, test } from "bun:test";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { newID, silentLogger } from "../base/index.ts";
import { buildExecProcess, openRuntime } from "./index.ts";
import { collect, RuntimeFixture, shimPath, unframe, waitFor } from "./runtime.fixture.ts";

let fixture: RuntimeFixture;
beforeAll(async () => {
  fixture = await RuntimeFixture.open();
  await fixture.connect();
});
afterAll(async () => await fixture[Symbol.asyncDispose]());

/** Waits on the file system, as a new engine that finds the end of a container would see it. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(2);
}

function task(found: Awaited<ReturnType<typeof fixture.runtime.recover>>) {
  if (found && "task" in found) return found.task;
  throw new Error("expected a live task");
}

test("a new engine finds a running task, with its output, input, terminal and end", async () => {
  const config = fixture.config(["sh", "-c", "echo before; read x; echo $x; exit 5"], {
    openStdin: true,
    stdinOnce: true,
  });
  const first = await fixture.run(config);
  await waitFor(first.stream, /before/);
  await fixture.connect();
  first.stream.destroy();
  const found = task(await fixture.runtime.recover(config.id, config.bundle));
  expect(found.pid).toBe(first.task.pid);
  const stream = await found.attach({ stdin: true, from: "start" });
  stream.end("after\n");
  expect((await collect(stream)).out).toBe("before\nafter\n");
  expect((await found.exited).code).toBe(5);
});

test("input that does not end with a client survives the engine", async () => {
  const config = fixture.config(["sh", "-c", "echo before; read x; echo $x; exit 5"], { openStdin: true });
  const first = await fixture.run(config, { stdin: true });
  await waitFor(first.stream, /before/);
  await fixture.connect();
  first.stream.destroy();
  const found = task(await fixture.runtime.recover(config.id, config.bundle));
  const stream = await found.attach({ stdin: true, from: "start" });
  stream.write("after\n");
  expect((await collect(stream)).out).toBe("before\nafter\n");
  expect((await found.exited).code).toBe(5);
});

test("a new engine can run more processes in a task that it found", async () => {
  const config = fixture.config(["sleep", "1000"]);
  await fixture.run(config);
  await fixture.connect();
  const found = task(await fixture.runtime.recover(config.id, config.bundle));
  const process = buildExecProcess({
    container: config.spec,
    args: ["sh", "-c", "echo hi; exit 4"],
    env: ["PATH=/bin"],
    tty: false,
    privileged: false,
  });
  const exec = await found.exec({ id: newID(), process, tty: false, stdin: false });
  expect((await collect(await exec.attach())).out).toBe("hi\n");
  expect((await exec.exited).code).toBe(4);
  await found.destroy();
  expect(existsSync(config.bundle)).toBe(false);
});

test("an end while no engine was there is found with its code, until the bundle is removed", async () => {
  const config = fixture.config(["sh", "-c", "read x; exit 6"], { openStdin: true, stdinOnce: true });
  const { stream } = await fixture.run(config, { stdin: true });
  await fixture.connect();
  stream.end();
  await until(() => fixture.shims(config.id).length === 0);
  for (const _ of [1, 2]) {
    expect(await fixture.runtime.recover(config.id, config.bundle)).toMatchObject({ exit: { code: 6 } });
  }
  stream.destroy();
});

test("a task that was created and never started is found so, and can be started", async () => {
  const config = fixture.config(["echo", "late"]);
  await fixture.runtime.create(config);
  await fixture.connect();
  const found = task(await fixture.runtime.recover(config.id, config.bundle));
  expect(found.pid).toBe(0);
  const stream = await found.attach({ stdin: false, from: "start" });
  await found.start();
  expect((await collect(stream)).out).toBe("late\n");
  await found.exited;
});

function isRuntime(pid: string): boolean {
  const path = `/proc/${pid}/cmdline`;
  return pid !== "" && existsSync(path) && readFileSync(path, "latin1").includes("--pid-file");
}

test("a start that the engine did not live to see is found once it is decided", async () => {
  const config = fixture.config(["sleep", "1000"]);
  const created = await fixture.runtime.create(config);
  const starting = created.start().catch(() => "cut off");
  const [shim] = fixture.shims(config.id);
  const children = () => readFileSync(`/proc/${shim}/task/${shim}/children`, "utf8").split(" ");
  await until(() => children().some((pid) => isRuntime(pid)));
  await fixture.connect();
  await starting;
  const found = task(await fixture.runtime.recover(config.id, config.bundle));
  expect(found.pid).toBeGreaterThan(0);
  await found.destroy();
});

test("nothing is known of a bundle that is not there", async () => {
  expect(await fixture.runtime.recover(newID(), join(fixture.tasks, "gone"))).toBeUndefined();
});

test("when its shim is killed a task ends, and nothing of it is left", async () => {
  const config = fixture.config(["sh", "-c", "sleep 1000 & exec sleep 1000"]);
  const { task: running, stream } = await fixture.run(config);
  fixture.killShim(config.id);
  expect((await running.exited).code).toBe(137);
  expect(existsSync(`/proc/${running.pid}/root/bin`)).toBe(false);
  const procs = { v1: "cgroup.procs", v2: "cgroup.procs" };
  expect(existsSync(fixture.cgroupFile(config.id, "pids", procs))).toBe(false);
  stream.destroy();
});

test("a shim that is killed while it starts a task leaves nothing of it", async () => {
  for (const pause of [0, 2, 4, 8, 12]) {
    const config = fixture.config(["sleep", "1000"]);
    const created = await fixture.runtime.create(config);
    const outcome = created.start().then(
      () => "started",
      () => "failed",
    );
    await Bun.sleep(pause);
    fixture.killShim(config.id);
    if ((await outcome) === "started") expect((await created.exited).code).toBe(137);
    const procs = { v1: "cgroup.procs", v2: "cgroup.procs" };
    expect(existsSync(fixture.cgroupFile(config.id, "pids", procs))).toBe(false);
  }
});

test("a shim that was killed while no engine was there is found out", async () => {
  const config = fixture.config(["sleep", "1000"]);
  const { task: running, stream } = await fixture.run(config);
  stream.destroy();
  await fixture.connect();
  fixture.killShim(config.id);
  await until(() => fixture.shims(config.id).length === 0);
  expect(await fixture.runtime.recover(config.id, config.bundle)).toMatchObject({ exit: { code: 137 } });
  await until(() => !existsSync(`/proc/${running.pid}/root/bin`));
});

test("a log that a kill left half written is repaired by the next run", async () => {
  const config = fixture.config(["echo", "whole"]);
  const { task: first, stream } = await fixture.run(config);
  await first.exited;
  stream.destroy();
  appendFileSync(join(config.log.directory, "log"), Buffer.from([1, 0, 0, 0, 0, 0, 0, 99, 120]));
  const again = fixture.config(["echo", "again"], { log: config.log });
  const second = await fixture.run(again);
  await second.task.exited;
  expect((await collect(second.stream)).out).toBe("whole\nagain\n");
  expect(unframe(readFileSync(join(config.log.directory, "log"))).out).toBe("whole\nagain\n");
});

test("a sweep removes what belongs to nobody and spares what is known", async () => {
  const known = fixture.config(["sleep", "1000"]);
  const stray = fixture.config(["sleep", "1000"]);
  const orphan = fixture.config(["sleep", "1000"]);
  const idle = fixture.config(["true"]);
  const tasks = [];
  for (const config of [known, stray, orphan]) tasks.push((await fixture.run(config)).task);
  await fixture.runtime.create(idle);
  mkdirSync(join(fixture.tasks, "empty"));
  // As a kill leaves a bundle that was removed, but not deleted yet.
  const removed = join(fixture.tasks, ".removed-1");
  mkdirSync(removed);
  appendFileSync(join(removed, "shim.conf"), "what is left of it is nothing");
  await fixture.connect();
  fixture.killShim(orphan.id);
  await fixture.runtime.sweep(fixture.tasks, new Set([known.id]));
  for (const config of [stray, orphan, idle]) expect(existsSync(config.bundle)).toBe(false);
  expect(existsSync(removed)).toBe(false);
  expect(existsSync(join(fixture.tasks, "empty"))).toBe(false);
  expect(fixture.shims().length).toBe(1);
  await task(await fixture.runtime.recover(known.id, known.bundle)).destroy();
  expect(fixture.shims()).toEqual([]);
  expect(tasks.length).toBe(3);
});

test("an engine that lets go does not keep its own process alive", async () => {
  const script = `
    const { RuntimeFixture } = await import(${JSON.stringify(join(import.meta.dir, "runtime.fixture.ts"))});
    const fixture = await RuntimeFixture.open();
    const runtime = await fixture.connect();
    const task = await runtime.create(fixture.config(["sleep", "1000"]));
    await task.start();
    console.log(JSON.stringify([fixture.directory, fixture.cgroupParent, task.id]));
    runtime.close();
  `;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
  const [directory, cgroupParent, id]: string[] = JSON.parse(await new Response(child.stdout).text());
  expect(await child.exited).toBe(0);
  const run = join(directory ?? "", "run");
  const other = await openRuntime({
    shim: shimPath,
    runDirectory: run,
    cgroupParent: cgroupParent ?? "",
    log: silentLogger,
  });
  const found = await other.recover(id ?? "", join(run, "tasks", id ?? ""));
  expect(task(found).pid).toBeGreaterThan(0);
  await other.sweep(join(run, "tasks"), new Set());
  rmSync(directory ?? "", { recursive: true });
});
