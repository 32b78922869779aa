import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startEngine, type TestEngine } from "./harness.ts";
import { eventually } from "./process.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
  await engine.ok(["run", "-d", "--name", "host", "-e", "FROM=container", "busybox", "sleep", "1000"]);
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

describe("exec", () => {
  test("runs one more process in the container and ends with its exit code", async () => {
    const { stdout, stderr, code } = await engine.docker([
      "exec",
      "host",
      "sh",
      "-c",
      "hostname; echo no >&2; exit 6",
    ]);
    expect(stdout.trim()).toBe((await engine.inspect("host", "{{.Config.Hostname}}")).trim());
    expect({ stderr, code }).toEqual({ stderr: "no\n", code: 6 });
  });

  test("has the container's environment and its own on top", async () => {
    const flags = ["-e", "MINE=exec", "-w", "/tmp", "-u", "12:34"];
    const text = await engine.ok([
      "exec",
      ...flags,
      "host",
      "sh",
      "-c",
      "echo $FROM $MINE; pwd; id -u; id -g",
    ]);
    expect(text.split("\n")).toEqual(["container exec", "/tmp", "12", "34"]);
  });

  test("takes standard input with -i, to its end", async () => {
    const { stdout, code } = await engine.docker(["exec", "-i", "host", "wc", "-c"], {
      stdin: "x".repeat(200_000),
    });
    expect({ stdout: stdout.trim(), code }).toEqual({ stdout: "200000", code: 0 });
  });

  test("delivers large output whole", async () => {
    const { stdout } = await engine.docker(["exec", "host", "seq", "200000"]);
    expect(stdout.length).toBe(1_288_895);
    expect(stdout.endsWith("199999\n200000\n")).toBe(true);
  });

  test("has every capability of this machine with --privileged, though its container has not", async () => {
    const caps = async (flags: string[]) =>
      BigInt(
        `0x${await engine.ok(["exec", ...flags, "host", "sh", "-c", "sed -n 's/CapBnd:.//p' /proc/self/status"])}`,
      );
    const machine = /CapBnd:\s*(\w+)/.exec(await Bun.file("/proc/self/status").text())?.[1];
    expect(await caps(["--privileged"])).toBe(BigInt(`0x${machine}`));
    expect(await caps([])).not.toBe(BigInt(`0x${machine}`));
  });

  test("goes into the background with -d", async () => {
    await engine.ok(["exec", "-d", "host", "sh", "-c", "echo done > /tmp/detached"]);
    await eventually("the detached process", async () => {
      const { stdout } = await engine.docker(["exec", "host", "cat", "/tmp/detached"]);
      return stdout === "done\n" ? true : undefined;
    });
  });

  test("ends with 127 and 126 where the command cannot run", async () => {
    const missing = await engine.docker(["exec", "host", "nonesuch"]);
    expect(missing.code).toBe(127);
    const directory = await engine.docker(["exec", "host", "/etc"]);
    expect(directory.code).toBe(126);
  });

  test("is refused where the container does not run", async () => {
    await engine.ok(["create", "--name", "idle", "busybox", "true"]);
    const { code, stderr } = await engine.docker(["exec", "idle", "true"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/is not running/);
    await engine.ok(["rm", "idle"]);
  });

  test("ends when the container ends", async () => {
    await engine.ok(["run", "-d", "--name", "ending", "busybox", "sleep", "1000"]);
    await using process = engine.follow(["exec", "ending", "sh", "-c", "echo in; sleep 1000"]);
    await process.until("in");
    await engine.ok(["rm", "-f", "ending"]);
    expect(await process.exited()).toBe(137);
  });
});
