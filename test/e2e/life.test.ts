import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { startEngine, type TestEngine } from "./harness.ts";
import { eventually } from "./process.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const sleeper = (name: string, ...flags: string[]): Promise<string> =>
  engine.ok(["run", "-d", "--name", name, ...flags, "busybox", "sleep", "1000"]);
const stubborn = "trap 'exit 9' USR1; trap '' TERM; while :; do sleep 0.05; done";

/** A shell that has set its traps yet: before, a signal to process 1 is ignored. */
async function trapsSignals(name: string): Promise<void> {
  const path = `/proc/${await engine.inspect(name, "{{.State.Pid}}")}/status`;
  const usr1 = 1n << 9n;
  await eventually("the traps to be set", () => {
    const caught = /^SigCgt:\s(\w+)$/m.exec(readFileSync(path, "utf8"))?.[1] ?? "0";
    return (BigInt(`0x${caught}`) & usr1) !== 0n;
  });
}

describe("a container's life", () => {
  test("goes from created over running to exited, and inspect tells each", async () => {
    const id = await engine.ok(["create", "--name", "life", "busybox", "sh", "-c", "exit 3"]);
    expect(await engine.inspect("life", "{{.Id}} {{.State.Status}} {{.Name}}")).toBe(`${id} created /life`);
    expect(await engine.ok(["start", "life"])).toBe("life");
    expect(await engine.ok(["wait", "life"])).toBe("3");
    expect(
      await engine.inspect("life", "{{.State.Status}} {{.State.ExitCode}} {{.State.Running}} {{.State.Pid}}"),
    ).toBe("exited 3 false 0");
    expect(await engine.ok(["rm", "life"])).toBe("life");
    const gone = await engine.docker(["inspect", "life"]);
    expect(gone.code).toBe(1);
    expect(gone.stderr).toMatch(/no such object: life/i);
  });

  test("can start again, with the same files", async () => {
    await engine.ok([
      "run",
      "--name",
      "again",
      "busybox",
      "sh",
      "-c",
      "cat /count 2>/dev/null; echo x >> /count",
    ]);
    expect(await engine.ok(["start", "-a", "again"])).toBe("x");
    expect(await engine.ok(["start", "-a", "again"])).toBe("x\nx");
    await engine.ok(["rm", "again"]);
  });

  test("ends by stop: asked first, killed after the time is up", async () => {
    await engine.ok([
      "run",
      "-d",
      "--name",
      "polite",
      "busybox",
      "sh",
      "-c",
      "trap 'exit 4' TERM; while :; do sleep 0.05; done",
    ]);
    expect(await engine.ok(["stop", "polite"])).toBe("polite");
    expect(await engine.inspect("polite", "{{.State.ExitCode}}")).toBe("4");
    await engine.ok(["run", "-d", "--name", "stubborn", "busybox", "sh", "-c", stubborn]);
    await engine.ok(["stop", "-t", "1", "stubborn"]);
    expect(await engine.inspect("stubborn", "{{.State.ExitCode}}")).toBe("137");
    await engine.ok(["rm", "polite", "stubborn"]);
  });

  test("is not disturbed by a second start or stop", async () => {
    await sleeper("twice");
    const pid = await engine.inspect("twice", "{{.State.Pid}}");
    await engine.ok(["start", "twice"]);
    expect(await engine.inspect("twice", "{{.State.Pid}}")).toBe(pid);
    await engine.ok(["stop", "-t", "0", "twice"]);
    await engine.ok(["stop", "twice"]);
    await engine.ok(["rm", "twice"]);
  });

  test("takes signals by name and number", async () => {
    await engine.ok(["run", "-d", "--name", "signalled", "busybox", "sh", "-c", `${stubborn}`]);
    await trapsSignals("signalled");
    await engine.ok(["kill", "-s", "USR1", "signalled"]);
    expect(await engine.ok(["wait", "signalled"])).toBe("9");
    const dead = await engine.docker(["kill", "signalled"]);
    expect(dead.code).toBe(1);
    expect(dead.stderr).toMatch(/is not running/);
    await engine.ok(["rm", "signalled"]);
  });

  test("is not removed while it runs, unless forced", async () => {
    const id = await sleeper("busy");
    const refused = await engine.docker(["rm", "busy"]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/cannot remove container "\/?busy": container is running/);
    expect(await engine.inspect("busy", "{{.State.Running}}")).toBe("true");
    await engine.ok(["rm", "-f", id.slice(0, 12)]);
    expect(await engine.ok(["ps", "-aq", "--filter", "name=busy"])).toBe("");
  });

  test("is found by name, ID and the start of its ID", async () => {
    const id = await sleeper("found");
    for (const reference of ["found", id, id.slice(0, 12), id.slice(0, 6)]) {
      expect(await engine.inspect(reference, "{{.Id}}")).toBe(id);
    }
    await engine.ok(["rm", "-f", "found"]);
    const { stderr } = await engine.docker(["stop", "found"]);
    expect(stderr).toContain("No such container: found");
  });

  test("restarts as a new process", async () => {
    await sleeper("fresh");
    const pid = await engine.inspect("fresh", "{{.State.Pid}}");
    await engine.ok(["restart", "-t", "0", "fresh"]);
    expect(await engine.inspect("fresh", "{{.State.Running}}")).toBe("true");
    expect(await engine.inspect("fresh", "{{.State.Pid}}")).not.toBe(pid);
    await engine.ok(["rm", "-f", "fresh"]);
  });

  test("comes back by its restart policy, as often as that says", async () => {
    await using events = engine.follow([
      "events",
      "--filter",
      "container=phoenix",
      "--filter",
      "event=die",
      "--format",
      "died",
    ]);
    await engine.ok([
      "run",
      "-d",
      "--name",
      "phoenix",
      "--restart",
      "on-failure:2",
      "busybox",
      "sh",
      "-c",
      "exit 1",
    ]);
    await events.until(/(died\n){3}/);
    expect(await engine.ok(["wait", "phoenix"])).toBe("1");
    expect(await engine.inspect("phoenix", "{{.RestartCount}} {{.State.Status}}")).toBe("2 exited");
    await engine.ok(["rm", "phoenix"]);
  });

  test("can be renamed", async () => {
    await sleeper("before");
    await engine.ok(["rename", "before", "after"]);
    expect(await engine.inspect("after", "{{.Name}}")).toBe("/after");
    expect((await engine.docker(["inspect", "before"])).code).toBe(1);
    await engine.ok(["rm", "-f", "after"]);
  });

  test("is found by its new name on its networks, and no longer by the old one", async () => {
    await engine.ok(["network", "create", "renames"]);
    await sleeper("asker", "--network", "renames");
    await sleeper("maiden", "--network", "renames");
    const address = await engine.inspect("maiden", "{{.NetworkSettings.Networks.renames.IPAddress}}");
    await engine.ok(["rename", "maiden", "married"]);
    expect(await engine.ok(["exec", "asker", "ping", "-c1", "-W5", "married"])).toContain(`(${address})`);
    expect((await engine.docker(["exec", "asker", "ping", "-c1", "-W5", "maiden"])).stderr).toContain(
      "bad address",
    );
    await engine.ok(["rm", "-f", "asker", "married"]);
    await engine.ok(["network", "rm", "renames"]);
  });

  test("stands still while paused", async () => {
    await sleeper("frozen");
    await engine.ok(["pause", "frozen"]);
    expect(await engine.inspect("frozen", "{{.State.Status}}")).toBe("paused");
    await engine.ok(["unpause", "frozen"]);
    expect(await engine.ok(["exec", "frozen", "echo", "thawed"])).toBe("thawed");
    await engine.ok(["rm", "-f", "frozen"]);
  });
});

describe("ps", () => {
  test("lists running containers, and with -a the others", async () => {
    await sleeper("on", "--label", "group=ps");
    await engine.docker(["run", "--name", "off", "--label", "group=ps", "busybox", "false"]);
    const list = async (...flags: string[]): Promise<string[]> =>
      (await engine.ok(["ps", "--filter", "label=group=ps", "--format", "{{.Names}}", ...flags]))
        .split("\n")
        .sort();
    expect(await list()).toEqual(["on"]);
    expect(await list("-a")).toEqual(["off", "on"]);
    expect(await list("-a", "--filter", "status=exited")).toEqual(["off"]);
    expect(await list("-a", "--filter", "exited=1")).toEqual(["off"]);
    expect(await list("-a", "--filter", "name=o")).toEqual(["off", "on"]);
    const row = await engine.ok([
      "ps",
      "-a",
      "--filter",
      "name=off",
      "--format",
      "{{.Image}}|{{.Command}}|{{.Status}}",
    ]);
    expect(row).toMatch(/^busybox\|"false"\|Exited \(1\) .* ago$/);
    await engine.ok(["rm", "-f", "on", "off"]);
  });
});

describe("wait and events", () => {
  test("wait answers when the container ends, not before", async () => {
    await sleeper("awaited");
    await using waiting = engine.follow(["wait", "awaited"]);
    await using events = engine.follow([
      "events",
      "--filter",
      "container=awaited",
      "--format",
      "{{.Action}}",
    ]);
    await engine.ok(["kill", "awaited"]);
    expect(await waiting.exited()).toBe(0);
    expect(waiting.stdout).toBe("137\n");
    await engine.ok(["rm", "awaited"]);
    await events.until("destroy");
  });

  test("events tell a whole life, live and afterwards", async () => {
    const since = String(Date.now() / 1000 - 1);
    await engine.ok(["run", "--rm", "--name", "told", "busybox", "true"]);
    const until = String(Date.now() / 1000 + 1);
    const text = await engine.ok([
      ...["events", "--since", since, "--until", until],
      "--filter",
      "container=told",
      "--format",
      "{{.Action}}",
    ]);
    const actions = text.split("\n");
    for (const action of ["create", "attach", "start", "die", "destroy"]) expect(actions).toContain(action);
    expect(actions.indexOf("create")).toBeLessThan(actions.indexOf("start"));
    expect(actions.indexOf("start")).toBeLessThan(actions.indexOf("die"));
    expect(actions.indexOf("die")).toBeLessThan(actions.indexOf("destroy"));
  });
});
