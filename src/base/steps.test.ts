import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "gantry-steps-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Passes the steps a, b, a, b, a in a process of its own; says whether it lived. */
async function walk(): Promise<boolean> {
  const program = `
    import { openSteps } from ${JSON.stringify(join(import.meta.dir, "steps.ts"))};
    const step = openSteps(${JSON.stringify(directory)});
    for (const name of ["a", "b", "a", "b", "a"]) step(name);
  `;
  const child = Bun.spawn([process.execPath, "-e", program], { stderr: "inherit" });
  const code = await child.exited;
  expect(code === 0 || child.signalCode === "SIGKILL").toBe(true);
  return code === 0;
}

const passed = () => readFileSync(join(directory, "passed"), "utf8").trim().split("\n").join("");

test("steps are listed, and the process ends at the one that is asked for, once", async () => {
  expect(await walk()).toBe(true);
  expect(passed()).toBe("ababa");
  rmSync(join(directory, "passed"));
  writeFileSync(join(directory, "kill"), "a 2\n");
  expect(await walk()).toBe(false);
  expect(passed()).toBe("aba");
  expect(existsSync(join(directory, "kill"))).toBe(false);
  expect(await walk()).toBe(true);
  rmSync(join(directory, "passed"));
  writeFileSync(join(directory, "kill"), "* 4");
  expect(await walk()).toBe(false);
  expect(passed()).toBe("abab");
  writeFileSync(join(directory, "kill"), "b 3");
  expect(await walk()).toBe(true);
});
