import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { freePort, startEngine, type TestEngine, writeFiles } from "./harness.ts";
import { eventually } from "./process.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const web = ["busybox", "sh", "-c", "mkdir /www; hostname > /www/index.html; exec httpd -f -p 80 -h /www"];

async function page(port: number): Promise<string | undefined> {
  try {
    return await (await fetch(`http://127.0.0.1:${port}/`, { keepalive: false })).text();
  } catch {
    return undefined;
  }
}

describe("when the engine is killed, containers", () => {
  test("run on, keep their ports, and are listed as running by the next engine", async () => {
    const port = freePort();
    await engine.ok(["run", "-d", "--name", "web", "-p", `${port}:80`, ...web]);
    const pid = await engine.inspect("web", "{{.State.Pid}}");
    const started = await engine.inspect("web", "{{.State.StartedAt}}");
    const text = await eventually("the page", () => page(port));

    await engine.kill9();
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    expect(await page(port)).toBe(text);

    await engine.start();
    expect(await engine.ok(["ps", "--format", "{{.Names}} {{.State}}"])).toBe("web running");
    expect(await engine.inspect("web", "{{.State.Pid}} {{.State.StartedAt}}")).toBe(`${pid} ${started}`);
    expect(await page(port)).toBe(text);
    const taken = await engine.docker(["run", "--rm", "-p", `${port}:80`, "busybox", "true"]);
    expect(taken.stderr).toContain("port is already allocated");
    await engine.ok(["rm", "-f", "web"]);
    expect(await page(port)).toBeUndefined();
  });

  test("end with their exit code and their last words kept, even with nobody there", async () => {
    await engine.ok([
      "run",
      "-d",
      "-i",
      "--name",
      "ends",
      "busybox",
      "sh",
      "-c",
      "echo first; sleep 0.3; echo last; exit 9",
    ]);
    const pid = await engine.inspect("ends", "{{.State.Pid}}");
    await engine.kill9();
    await eventually("the container to end", () => (existsSync(`/proc/${pid}`) ? undefined : true));
    await engine.start();
    expect(await engine.inspect("ends", "{{.State.Status}} {{.State.ExitCode}}")).toBe("exited 9");
    expect(await engine.ok(["logs", "ends"])).toBe("first\nlast");
    await engine.ok(["rm", "ends"]);
  });

  test("are removed afterwards when they ended and were to be removed", async () => {
    await engine.ok(["run", "-d", "--rm", "--name", "fleeting", "busybox", "sleep", "1000"]);
    const pid = await engine.inspect("fleeting", "{{.State.Pid}}");
    await engine.kill9();
    process.kill(Number(pid), "SIGKILL");
    await eventually("the container to end", () => (existsSync(`/proc/${pid}`) ? undefined : true));
    await engine.start();
    await eventually("the removal", async () =>
      (await engine.ok(["ps", "-aq", "--filter", "name=fleeting"])) === "" ? true : undefined,
    );
  });

  test("can be attached to, followed and waited for by clients of the next engine", async () => {
    const script = "while read l; do [ $l = quit ] && exit 5; echo got $l; done";
    await engine.ok(["run", "-d", "-i", "--name", "talks", "busybox", "sh", "-c", script]);
    {
      await using client = engine.follow(["attach", "talks"]);
      await client.write("before\n");
      await client.until("got before");
      await engine.kill9();
    }
    await engine.start();
    await using logs = engine.follow(["logs", "-f", "talks"]);
    await logs.until("got before");
    await using waiting = engine.follow(["wait", "talks"]);
    await using client = engine.follow(["attach", "talks"]);
    await client.write("after\n");
    await client.until("got after");
    await logs.until("got after");
    await client.write("quit\n");
    expect(await client.exited()).toBe(5);
    expect(await logs.exited()).toBe(0);
    expect(logs.stdout).toBe("got before\ngot after\n");
    expect(await waiting.exited()).toBe(0);
    expect(waiting.stdout).toBe("5\n");
    await engine.ok(["rm", "talks"]);
  });

  test("still have a terminal that follows its size", async () => {
    await engine.ok(["run", "-dit", "--name", "screen", "busybox", "sh"]);
    await engine.kill9();
    await engine.start();
    await using terminal = engine.terminal(["attach", "screen"], { columns: 77, rows: 27 });
    terminal.type("until [ \"$(stty size)\" = '27 77' ]; do sleep 0.05; done; echo fits-$((1+1))\n");
    await terminal.until("fits-2");
    terminal.type("exit 3\n");
    expect(await terminal.exited()).toBe(3);
    await engine.ok(["rm", "screen"]);
  });

  test("are found by name, take new processes, and can be stopped", async () => {
    await engine.ok(["network", "create", "lasting"]);
    await engine.ok(["run", "-d", "--network", "lasting", "--name", "one", ...web]);
    await engine.ok(["run", "-d", "--network", "lasting", "--name", "two", "busybox", "sleep", "1000"]);
    await engine.kill9();
    await engine.start();
    const fetched = await eventually("the page by name", async () => {
      const { stdout, code } = await engine.docker(["exec", "two", "wget", "-q", "-O", "-", "http://one/"]);
      return code === 0 ? stdout : undefined;
    });
    expect(fetched.trim()).toBe(await engine.inspect("one", "{{.Config.Hostname}}"));
    expect(
      await engine.ok([
        "run",
        "--rm",
        "--network",
        "lasting",
        "busybox",
        "wget",
        "-q",
        "-O",
        "-",
        "http://one/",
      ]),
    ).toBe(fetched.trim());
    await engine.ok(["stop", "-t", "0", "one", "two"]);
    await engine.ok(["rm", "one", "two"]);
    await engine.ok(["network", "rm", "lasting"]);
  });

  test("come back by their restart policy when they ended meanwhile", async () => {
    await engine.ok(["run", "-d", "--restart", "always", "--name", "always", "busybox", "sleep", "1000"]);
    const pid = Number(await engine.inspect("always", "{{.State.Pid}}"));
    await engine.kill9();
    process.kill(pid, "SIGKILL");
    await eventually("the container to end", () => (existsSync(`/proc/${pid}`) ? undefined : true));
    await engine.start();
    await eventually("the container to run again", async () =>
      (await engine.inspect("always", "{{.State.Running}}")) === "true" ? true : undefined,
    );
    expect(Number(await engine.inspect("always", "{{.State.Pid}}"))).not.toBe(pid);
    await engine.ok(["rm", "-f", "always"]);
  });
});

describe("an engine killed at work", () => {
  test("leaves containers that the next one can list, inspect and remove", async () => {
    for (let round = 0; round < 3; round++) {
      const runs = Array.from({ length: 8 }, () => engine.docker(["run", "-d", "busybox", "sleep", "1000"]));
      await eventually("the first of them", async () =>
        (await engine.docker(["ps", "-q"])).stdout === "" ? undefined : true,
      );
      await engine.kill9();
      await Promise.all(runs);
      await engine.start();
      const ids = (await engine.ok(["ps", "-aq"])).split("\n");
      for (const id of ids)
        expect(await engine.inspect(id, "{{.State.Status}}")).toMatch(/^(created|running|exited)$/);
      await engine.ok(["rm", "-f", ...ids]);
      expect(await engine.ok(["ps", "-aq"])).toBe("");
      expect(engine.traces().filter((line) => /^(mount|cgroup: .*[0-9a-f]{64})/.test(line))).toEqual([]);
    }
  });

  test("leaves images whole: a build begun again succeeds", async () => {
    const dockerfile =
      "FROM busybox\nRUN echo one > /one\nRUN sleep 0.4; echo two > /two\nRUN echo three > /three\n";
    const directory = writeFiles(join(engine.directory, "killed-build"), { Dockerfile: dockerfile });
    await using building = engine.follow(["build", "-t", "broken-off", directory]);
    await building.until("Step 3/4");
    await engine.kill9();
    expect(await building.exited()).not.toBe(0);
    await engine.start();
    expect((await engine.docker(["image", "inspect", "broken-off"])).code).toBe(1);
    await engine.ok(["build", "-t", "broken-off", directory]);
    expect(await engine.ok(["run", "--rm", "broken-off", "cat", "/one", "/two", "/three"])).toBe(
      "one\ntwo\nthree",
    );
  });
});

describe("an engine that is asked to end", () => {
  test("ends cleanly and leaves containers running", async () => {
    await engine.ok(["run", "-d", "--name", "stays", "busybox", "sleep", "1000"]);
    const pid = await engine.inspect("stays", "{{.State.Pid}}");
    expect(await engine.stop()).toBe(0);
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    await engine.start();
    expect(await engine.inspect("stays", "{{.State.Pid}}")).toBe(pid);
    await engine.ok(["rm", "-f", "stays"]);
  });
});
