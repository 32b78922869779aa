import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { memoryOf, processesWith } from "../../scripts/machine.ts";
import { startEngine, type TestEngine } from "./harness.ts";
import { eventually } from "./process.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

/** Bytes that processes hold, shared pages divided among those who share them. */
function held(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (memoryOf(pid) ?? 0) * 1024, 0);
}

const shims = (): number[] =>
  processesWith("gantry-shim")
    .filter(({ command }) => command.includes(engine.directory))
    .map(({ pid }) => pid);

const all = (): number => held([engine.pid, ...shims()]);

describe("memory", () => {
  test("an idle engine holds under 80 MB, and each idle container beside it under 1 MB", async () => {
    const count = 8;
    const start = (round: string): Promise<string[]> =>
      Promise.all(
        Array.from({ length: count }, (_, i) =>
          engine.ok(["run", "-d", "--name", `${round}${i}`, "busybox", "sleep", "1000"]),
        ),
      );
    // The first ones also pay for what all share: code that gets compiled, caches that fill.
    await start("warm");
    await eventually("the engine to give back what it does not need", () => held([engine.pid]) < 80e6);
    const before = all();
    await start("idle");
    expect(shims()).toHaveLength(count * 2);
    // What was used to start them is given back once nobody asks for anything.
    await eventually("a container to cost under 1 MB", () => all() - before < count * 1e6);
    expect(Math.max(...shims().map((pid) => held([pid])))).toBeLessThan(1e6);
    expect(held([engine.pid])).toBeLessThan(80e6);
  });
});
