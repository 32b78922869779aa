import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startEngine, type TestEngine } from "./harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
  await engine.ok([
    "run",
    "--name",
    "spoke",
    "busybox",
    "sh",
    "-c",
    "echo one; echo two >&2; echo three; echo -n four",
  ]);
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

describe("logs", () => {
  test("give back what was written, each stream on its own", async () => {
    const { stdout, stderr } = await engine.docker(["logs", "spoke"]);
    expect({ stdout, stderr }).toEqual({ stdout: "one\nthree\nfour", stderr: "two\n" });
  });

  test("give the last lines", async () => {
    await engine.ok(["run", "--name", "counted", "busybox", "seq", "1000"]);
    expect(await engine.ok(["logs", "--tail", "3", "counted"])).toBe("998\n999\n1000");
    expect(await engine.ok(["logs", "--tail", "0", "counted"])).toBe("");
    expect((await engine.ok(["logs", "--tail", "5000", "counted"])).split("\n")).toHaveLength(1000);
    await engine.ok(["rm", "counted"]);
  });

  test("give times, and what lies after and before a time", async () => {
    await engine.ok(["run", "--name", "slow", "busybox", "sh", "-c", "echo early; sleep 1.2; echo late"]);
    const lines = (await engine.ok(["logs", "-t", "slow"])).split("\n");
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z early$/);
    const [early, late] = lines.map((line) => Date.parse(line.split(" ")[0] ?? ""));
    expect(late! - early!).toBeGreaterThan(1000);
    const middle = new Date((early! + late!) / 2).toISOString();
    expect(await engine.ok(["logs", "--since", middle, "slow"])).toBe("late");
    expect(await engine.ok(["logs", "--until", middle, "slow"])).toBe("early");
    await engine.ok(["rm", "slow"]);
  });

  test("follow a container to its end, from the first line on", async () => {
    await engine.ok([
      "run",
      "-d",
      "-i",
      "--name",
      "live",
      "busybox",
      "sh",
      "-c",
      "echo first; read x; echo after",
    ]);
    await using follower = engine.follow(["logs", "-f", "live"]);
    await follower.until("first");
    await using attached = engine.follow(["attach", "live"]);
    await attached.write("go\n");
    expect(await follower.exited()).toBe(0);
    expect(follower.stdout).toBe("first\nafter\n");
    await engine.ok(["rm", "live"]);
  });

  test("neither lose nor double a byte while they follow a fast writer", async () => {
    const script = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done";
    const expected = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join("");
    await engine.ok(["run", "-d", "--name", "fast", "busybox", "sh", "-c", script]);
    const followers = Array.from({ length: 4 }, () => engine.docker(["logs", "-f", "fast"]));
    for (const { stdout, stderr, code } of await Promise.all(followers)) {
      expect({ same: stdout === expected, stderr, code }).toEqual({ same: true, stderr: "", code: 0 });
    }
    expect((await engine.docker(["logs", "fast"])).stdout === expected).toBe(true);
    await engine.ok(["rm", "fast"]);
  });

  test("hold what a terminal showed", async () => {
    await engine.ok(["run", "-d", "-t", "--name", "tty", "busybox", "echo", "on a terminal"]);
    await engine.ok(["wait", "tty"]);
    expect((await engine.docker(["logs", "tty"])).stdout).toBe("on a terminal\r\n");
    await engine.ok(["rm", "tty"]);
  });

  test("span the starts of a container", async () => {
    await engine.ok(["start", "-a", "spoke"]);
    expect((await engine.docker(["logs", "spoke"])).stdout).toBe("one\nthree\nfourone\nthree\nfour");
  });

  test("say when there is nothing to read", async () => {
    const { code, stderr } = await engine.docker(["logs", "nobody"]);
    expect(code).toBe(1);
    expect(stderr).toContain("No such container: nobody");
    await engine.ok(["run", "--name", "mute", "--log-driver", "none", "busybox", "echo", "unheard"]);
    expect((await engine.docker(["logs", "mute"])).stderr).toContain("does not support reading");
    await engine.ok(["rm", "mute"]);
  });

  test("are rotated, and the youngest part is kept", async () => {
    const options = ["--log-opt", "max-size=100k", "--log-opt", "max-file=2"];
    await engine.ok(["run", "-d", ...options, "--name", "chatty", "busybox", "seq", "100000"]);
    expect(await engine.ok(["wait", "chatty"])).toBe("0");
    const lines = (await engine.ok(["logs", "chatty"])).split("\n");
    expect(lines.at(-1)).toBe("100000");
    expect(lines.length).toBeLessThan(60_000);
    await engine.ok(["rm", "chatty"]);
  });

  test("wait for a slow reader without holding up the container", async () => {
    await using reader = engine.follow([
      "run",
      "--name",
      "stalled",
      "busybox",
      "sh",
      "-c",
      "echo start; seq 300000; echo end",
    ]);
    await reader.until("start");
    reader.signal("SIGSTOP");
    expect(await engine.ok(["wait", "stalled"])).toBe("0");
    reader.signal("SIGCONT");
    expect(await reader.exited()).toBe(0);
    expect(reader.stdout.length).toBe("start\nend\n".length + 1_988_895);
    await engine.ok(["rm", "stalled"]);
  });
});
