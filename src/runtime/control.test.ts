import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { EngineError, newID } from "../base/index.ts";
import { buildExecProcess, type Task } from "./index.ts";
import {
  canLimitMemory,
  collect,
  RuntimeFixture,
  shimPath,
  usableRuntimes,
  waitFor,
} from "./runtime.fixture.ts";

const limitsMemory = await canLimitMemory();
let fixture: RuntimeFixture;
beforeAll(async () => {
  fixture = await RuntimeFixture.open();
  await fixture.connect();
});
afterAll(async () => await fixture[Symbol.asyncDispose]());

const sleeper = ["sh", "-c", "trap 'exit 42' TERM; echo up; while :; do sleep 0.05; done"];

async function runSleeper(change: Parameters<RuntimeFixture["config"]>[1] = {}) {
  const config = fixture.config(sleeper, change);
  const { task, stream } = await fixture.run(config);
  await waitFor(stream, /up/);
  stream.destroy();
  return { task, config };
}

async function exec(
  task: Task,
  spec: Parameters<typeof buildExecProcess>[0]["container"],
  args: string[],
  tty = false,
) {
  const process = buildExecProcess({ container: spec, args, env: ["PATH=/bin"], tty, privileged: false });
  return await task.exec({ id: newID(), process, tty, stdin: true });
}

async function refusal(work: Promise<unknown>): Promise<EngineError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof EngineError) return error;
  throw new Error(`expected a failure of the engine, got ${String(error)}`);
}

describe.each(await usableRuntimes())("a container of %s", (runtime) => {
  test("gets signals", async () => {
    const { task } = await runSleeper({ runtime });
    await task.signal(15);
    expect(await task.exited).toMatchObject({ code: 42, oomKilled: false });
    const error = await refusal(task.signal(15));
    expect(error.kind).toBe("conflict");
    expect(error.message).toBe(`Container ${task.id} is not running`);
  });

  test("that a signal kills reports 128 and its number, and leaves nothing", async () => {
    const { task, config } = await runSleeper({ runtime });
    await task.signal(9);
    expect((await task.exited).code).toBe(137);
    const procs = { v1: "cgroup.procs", v2: "cgroup.procs" };
    expect(existsSync(fixture.cgroupFile(config.id, "memory", procs))).toBe(false);
    expect(existsSync(`${fixture.directory}/run/runtime/${runtime}/${config.id}`)).toBe(false);
  });

  test("runs more processes, each with its own streams and code", async () => {
    const { task, config } = await runSleeper({ runtime });
    const one = await exec(task, config.spec, ["sh", "-c", "cat; echo err >&2; exit 7"]);
    const stream = await one.attach();
    stream.end("in");
    expect(await collect(stream)).toEqual({ out: "in", err: "err\n" });
    expect((await one.exited).code).toBe(7);
    expect(one.pid).toBeGreaterThan(0);
    await task.destroy();
  });

  test("runs them on terminals of their own", async () => {
    const { task, config } = await runSleeper({ runtime });
    const script = "stty size; trap 'stty size; exit 3' WINCH; echo ready; while :; do sleep 0.01; done";
    const one = await exec(task, config.spec, ["sh", "-c", script], true);
    const stream = await one.attach();
    await waitFor(stream, /ready/);
    await one.resize({ height: 11, width: 22 });
    stream.resume();
    expect((await collect(stream, true)).out).toContain("11 22\r\n");
    expect((await one.exited).code).toBe(3);
    await task.destroy();
  });

  test("tells apart why another process cannot run", async () => {
    const { task, config } = await runSleeper({ runtime });
    const missing = await refusal(exec(task, config.spec, ["nope"]));
    expect(missing.message).toBe(
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown',
    );
    expect(missing.subject).toBe("command-not-found");
    const denied = await refusal(exec(task, config.spec, ["/bin/not-executable"]));
    expect(denied.message).toContain('exec: "/bin/not-executable": permission denied');
    expect(denied.subject).toBe("not-executable");
    await task.destroy();
  });

  test("stands still while it is paused", async () => {
    const script = "i=0; echo $i > /tmp/count; echo up; while :; do i=$((i+1)); echo $i > /tmp/count; done";
    const config = fixture.config(["sh", "-c", script], { runtime });
    const { task, stream } = await fixture.run(config);
    await waitFor(stream, /up/);
    stream.destroy();
    const count = () => readFileSync(`/proc/${task.pid}/root/tmp/count`, "utf8");
    await task.pause();
    const before = count();
    const state = fixture.cgroupFile(config.id, "freezer", { v1: "freezer.state", v2: "cgroup.events" });
    expect(readFileSync(state, "utf8")).toMatch(/FROZEN|frozen 1/);
    expect(count()).toBe(before);
    await task.resume();
    while (count() === before) await Bun.sleep(1);
    await task.pause();
    await task.destroy();
    expect((await task.exited).code).toBe(137);
  });

  test("that is over can neither be paused nor need be resumed", async () => {
    const config = fixture.config(["true"], { runtime });
    const { task } = await fixture.run(config);
    await task.exited;
    const state = fixture.cgroupFile(config.id, "freezer", { v1: "freezer.state", v2: "cgroup.events" });
    while (existsSync(state)) await Bun.sleep(1);
    expect(task.pause()).rejects.toThrow(`Container ${config.id} is not running`);
    await task.resume();
    await task.destroy();
  });

  test.skipIf(!limitsMemory)("that takes too much memory is reported as such", async () => {
    const config = fixture.config(["sh", "-c", "tail /dev/zero"], {
      runtime,
      input: { resources: { memory: { limit: 16 << 20 } } },
    });
    const { task, stream } = await fixture.run(config);
    stream.destroy();
    expect((await task.exited).oomKilled).toBe(true);
  });

  test("joins a network namespace by its path", async () => {
    const name = `gt${newID().slice(0, 8)}`;
    execFileSync("ip", ["netns", "add", name]);
    try {
      const path = `/run/netns/${name}`;
      execFileSync("ip", ["netns", "exec", name, "ip", "link", "add", "mark0", "type", "bridge"]);
      const config = fixture.config(
        ["sh", "-c", "ls /sys/class/net; cat /proc/sys/net/ipv4/ip_unprivileged_port_start"],
        {
          runtime,
          input: { network: { kind: "path", path } },
        },
      );
      const { stream } = await fixture.run(config);
      const { out } = await collect(stream);
      expect(out).toContain("mark0");
      expect(out.endsWith("\n0\n")).toBe(true);
    } finally {
      execFileSync("ip", ["netns", "del", name]);
    }
  });

  test("is confined: capabilities, system calls, masked paths, devices", async () => {
    const script = [
      "grep -E '^(CapBnd|CapEff|Seccomp|NoNewPrivs):' /proc/self/status",
      "unshare -U true",
      "cat /proc/kcore | head -c 1 | wc -c",
      "echo 1 > /proc/sys/kernel/panic",
      "mknod /tmp/disk b 8 0 && cat /tmp/disk",
      "hostname",
    ].join("; ");
    // Twice: the second one gets the filter that was compiled for the first.
    for (const _ of [1, 2]) {
      const { stream } = await fixture.run(fixture.config(["sh", "-c", script], { runtime }));
      const { out, err } = await collect(stream);
      expect(out).toContain("CapBnd:\t00000000a80425fb");
      expect(out).toContain("Seccomp:\t2");
      expect(out.endsWith("\n0\nbox\n")).toBe(true);
      expect(err).toContain("unshare: unshare(0x10000000): Operation not permitted");
      expect(err).toContain("can't create /proc/sys/kernel/panic: Read-only file system");
      expect(err).toMatch(/cat: can't open '\/tmp\/disk': Operation not permitted/);
    }
  });

  test.skipIf(!limitsMemory)("takes new limits while it runs", async () => {
    const { task, config } = await runSleeper({ runtime });
    await task.update({
      memory: { limit: 64 << 20, swap: 128 << 20 },
      pids: { limit: 50 },
      cpu: { shares: 512 },
    });
    const read = (controller: string, v1: string, v2: string) =>
      readFileSync(fixture.cgroupFile(config.id, controller, { v1, v2 }), "utf8").trim();
    const memory = () => read("memory", "memory.limit_in_bytes", "memory.max");
    expect(memory()).toBe(String(64 << 20));
    expect(read("pids", "pids.max", "pids.max")).toBe("50");
    expect(read("cpu", "cpu.shares", "cpu.weight")).toMatch(/^(512|20)$/);
    await task.update({ memory: { limit: 32 << 20, swap: 32 << 20 } });
    expect(memory()).toBe(String(32 << 20));
    await task.destroy();
  });
});

test("an exec that leaves a child behind ends, and the child lives on", async () => {
  const { task, config } = await runSleeper();
  const script = "(while :; do echo noise; echo alive >> /tmp/alive; sleep 0.01; done) & echo done";
  const one = await exec(task, config.spec, ["sh", "-c", script]);
  const stream = await one.attach();
  expect((await collect(stream)).out).toContain("done");
  expect((await one.exited).code).toBe(0);
  const path = `/proc/${task.pid}/root/tmp/alive`;
  const alive = () => (existsSync(path) ? readFileSync(path, "utf8").length : 0);
  const before = alive();
  while (alive() < before + 30) await Bun.sleep(5);
  await task.destroy();
});

test("execs end with their container", async () => {
  const { task, config } = await runSleeper();
  const one = await exec(task, config.spec, ["sleep", "100"]);
  const stream = await one.attach();
  await task.signal(9);
  expect((await one.exited).code).toBe(137);
  expect((await collect(stream)).out).toBe("");
  await task.exited;
});

test("in the host's pid namespace the container's other processes end with it", async () => {
  const config = fixture.config(["sh", "-c", "sleep 1000 & echo $!"], { input: { pid: { kind: "host" } } });
  const { task, stream } = await fixture.run(config);
  const pid = Number((await collect(stream)).out);
  await task.exited;
  expect(existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/stat`, "utf8").includes(") S")).toBe(false);
});

test("an init inside passes signals on and reaps orphans", async () => {
  const script = "trap 'echo caught; exit 9' TERM; (sleep 0.01 &); echo up; while :; do sleep 0.02; done";
  const config = fixture.config(["sh", "-c", script], { input: { initPath: shimPath } });
  const { task, stream } = await fixture.run(config);
  await waitFor(stream, /up/);
  stream.destroy();
  await task.signal(15);
  expect((await task.exited).code).toBe(9);
});

test("an unknown runtime is refused by name", async () => {
  const error = await refusal(fixture.runtime.create(fixture.config(["true"], { runtime: "kata" })));
  expect(error.message).toBe("unknown or invalid runtime name: kata");
});

test("a cgroup at the root, where every process is, is refused", async () => {
  for (const cgroupsPath of ["/", "", "/..", "/a/../..", "relative", "//"]) {
    const error = await refusal(fixture.runtime.create(fixture.config(["true"], { input: { cgroupsPath } })));
    expect(error.kind).toBe("invalid");
  }
});
