import { startEngine } from "../test/e2e/harness.ts";
import { cycles, growth, type Measures, measure } from "../test/e2e/soak.ts";

/*
 * Does an engine stay as it is? `npm run soak -- [CYCLES]` (default 2000) makes, starts, stops and removes containers
 * and compares what is on the machine after the first 100 with what is there half-way and after the last. Until
 * half-way the runtime compiles what it found to be hot, and memory grows by that; in the second half next to nothing
 * may be added: what leaks does so all the time.
 */

const total = Number(process.argv[2] ?? 2000);
const warmUp = 100;
const half = Math.max(warmUp, Math.round(total / 200) * 100);
/** The engine gives memory back, compiled code last, when nothing was asked of it for a while. */
const quiet = 64_000;
/** What the allocator's pages hold varies by some of this from one moment to the next. */
const settledKiB = 4000;

await using engine = await startEngine();
const begun = Date.now();
const first = await measureAfter(0, warmUp);
const middle = await measureAfter(warmUp, half);
const last = await measureAfter(half, total);
console.log(`${((Date.now() - begun - 3 * quiet) / total).toFixed(1)} ms a cycle`);
const grown = [
  ...growth(first, last).map((line) => `${line}, since the first ${warmUp}`),
  ...growth(middle, last, settledKiB).map((line) => `${line}, in the second half`),
];
console.log(grown.length === 0 ? "Nothing grew." : `Grown:\n  ${grown.join("\n  ")}`);
process.exitCode = grown.length === 0 ? 0 : 1;

/** Goes on from `done` cycles to `end`, and measures when the engine has come to rest. */
async function measureAfter(done: number, end: number): Promise<Measures> {
  for (let at = done; at < end; at += 100) {
    await cycles(engine, Math.min(100, end - at));
    const { memoryKiB, descriptors, recordsBytes } = measure(engine);
    const now = Math.min(end, at + 100);
    console.log(`${now}: ${memoryKiB} KiB, ${descriptors} descriptors, ${recordsBytes} bytes of records`);
  }
  await Bun.sleep(quiet);
  const measures = measure(engine);
  console.log(`after ${end} cycles, at rest`, measures);
  return measures;
}
