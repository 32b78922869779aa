import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { run } from "./process.ts";

const scenario = join(import.meta.dir, "forwarding.scenario.ts");

async function steps(before: string): Promise<string[]> {
  const command = [
    "unshare",
    "--net",
    "--mount",
    "--propagation",
    "private",
    process.execPath,
    scenario,
    before,
  ];
  const { stdout, stderr, code } = await run(command);
  expect(code, stderr).toBe(0);
  return stdout.trim().split("\n");
}

describe("forwarding between the host's links", () => {
  test("is switched on by the first engine and off again by the last, in whatever order they go", async () => {
    expect(await steps("0")).toEqual([
      "first engine started: 1",
      "first engine killed and started: 1",
      "first engine reset: 1",
      "second engine reset: 1",
      "last engine reset: 0",
    ]);
  });

  test("stays on where it was on before", async () => {
    expect((await steps("1")).at(-1)).toBe("last engine reset: 1");
  });
});
