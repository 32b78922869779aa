import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { processesWith } from "../../scripts/machine.ts";
import { startEngine, type TestEngine } from "./harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

/** Resident memory in KiB, shared pages counted in full. */
function resident(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1]);
}

const shims = (): number[] =>
  processesWith("gantry-shim")
    .filter(({ command }) => command.includes(engine.directory))
    .map(({ pid }) => pid);

describe("memory", () => {
  test("an idle container costs under 3 MB outside its own processes", async () => {
    const count = 8;
    const start = (round: string): Promise<string[]> =>
      Promise.all(
        Array.from({ length: count }, (_, i) =>
          engine.ok(["run", "-d", "--name", `${round}${i}`, "busybox", "sleep", "1000"]),
        ),
      );
    // The first ones also pay for what all share: code that gets compiled, caches that fill.
    await start("warm");
    const before = resident(engine.pid);
    await start("idle");
    const perContainer = shims().map(resident);
    expect(perContainer).toHaveLength(count * 2);
    const growth = Math.max(0, resident(engine.pid) - before) / count;
    expect(Math.max(...perContainer) + growth).toBeLessThan(3 * 1024);
  });

  test("the idle engine holds under 90 MB, with containers running", () => {
    expect(resident(engine.pid)).toBeLessThan(90 * 1024);
  });
});
