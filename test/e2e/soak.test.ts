import { expect, test } from "bun:test";
import { startEngine } from "./harness.ts";
import { eventually } from "./process.ts";
import { cycles, growth, measure } from "./soak.ts";

// The short one; `npm run soak` goes on for thousands.
test("sixty containers come and go and leave nothing on the machine or in the engine", async () => {
  await using engine = await startEngine();
  await cycles(engine, 24);
  const before = measure(engine);
  await cycles(engine, 60);
  let grown: string[] = [];
  // Links go in the kernel's own time. Memory is for the long one: code that warms up takes some, too.
  await eventually(
    "what grew to go",
    () => {
      grown = growth({ ...before, memoryKiB: Number.POSITIVE_INFINITY }, measure(engine));
      return grown.length === 0 ? true : undefined;
    },
    10_000,
  ).catch(() => {});
  expect(grown).toEqual([]);
}, 120_000);
