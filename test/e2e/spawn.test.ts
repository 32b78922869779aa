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
  return successfulExecs(readFileSync(file, "utf8"));
}

/** What strace tells of: a call that others came in between of is told of in two lines. */
function successfulExecs(trace: string): string[] {
  const begun = new Map<string, string>();
  const done: string[] = [];
  for (const line of trace.split("\n")) {
    const [, pid = "", call = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const path = /^execve\("([^"]+)"/.exec(call)?.[1];
    if (path !== undefined) begun.set(pid, basename(path));
    const ends = path !== undefined || call.startsWith("<... execve resumed>");
    const name = begun.get(pid);
    if (ends && name !== undefined && /= 0$/.test(call)) done.push(name);
  }
  return done;
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
