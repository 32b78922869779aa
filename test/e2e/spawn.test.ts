import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { startEngine, type TestEngine } from "./harness.ts";
import { Follower } from "./process.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

/** The programs that the engine, and whatever it started, executed during `work`. */
async function executed(work: () => Promise<void>): Promise<string[]> {
  const file = join(engine.directory, `trace-${crypto.randomUUID()}`);
  {
    await using tracer = new Follower(
      ["strace", "-f", "-e", "trace=execve", "-o", file, "-p", String(engine.pid)],
      {},
    );
    await tracer.untilError(/attached/);
    await work();
    tracer.signal("SIGINT");
    await tracer.exited();
  }
  const calls = readFileSync(file, "utf8").matchAll(/execve\("([^"]+)"[^\n]*= 0$/gm);
  return [...calls].map((call) => basename(call[1] ?? ""));
}

describe("a run", () => {
  test("executes nothing beside the shim, the OCI runtime and the command, by docker or gantry", async () => {
    for (const client of ["docker", "gantry"] as const) {
      const programs = await executed(async () => {
        const args = ["run", "--rm", "busybox", "true"];
        await (client === "docker" ? engine.ok(args) : engine.gantryOk(args));
      });
      const runtimes = programs.filter((name) => name === "crun" || name === "runc");
      expect(runtimes.length).toBeGreaterThan(0);
      expect(programs.filter((name) => name === "gantry-shim")).toHaveLength(1);
      const others = programs.filter(
        (name) => !["gantry-shim", "crun", "runc", "true", "busybox"].includes(name),
      );
      expect(others).toEqual([]);
    }
  });

  test("with published ports, a volume and a network of the user's executes nothing more", async () => {
    await engine.ok(["network", "create", "traced"]);
    const programs = await executed(async () => {
      await engine.ok([
        "run",
        "--rm",
        "--network",
        "traced",
        "-p",
        "127.0.0.1::80",
        "-v",
        "traced:/v",
        "busybox",
        "true",
      ]);
    });
    expect(programs).toContain("gantry-shim");
    expect(
      programs.filter((name) => !["gantry-shim", "crun", "runc", "true", "busybox"].includes(name)),
    ).toEqual([]);
    await engine.ok(["network", "rm", "traced"]);
  });
});
