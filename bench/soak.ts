import { startEngine } from "../test/e2e/harness.ts";
import { cycles, growth, measure } from "../test/e2e/soak.ts";

/*
 * Does an engine stay as it is? `npm run soak -- [CYCLES]` (default 2000) makes, starts, stops and removes containers
 * and compares what is on the machine after the first 100 with what is there after the last.
 */

const total = Number(process.argv[2] ?? 2000);
const warmUp = 100;
/** The engine gives memory back when nothing was asked of it for a while. */
const quiet = 6000;

await using engine = await startEngine();
await cycles(engine, warmUp);
await Bun.sleep(quiet);
const before = measure(engine);
console.log(`after ${warmUp} cycles`, before);
const begun = Date.now();
for (let done = warmUp; done < total; done += 100) {
  await cycles(engine, Math.min(100, total - done));
  const { memoryKiB, descriptors, recordsBytes } = measure(engine);
  console.log(
    `${done + 100}: ${memoryKiB} KiB, ${descriptors} descriptors, ${recordsBytes} bytes of records`,
  );
}
console.log(`${((Date.now() - begun) / (total - warmUp)).toFixed(1)} ms a cycle`);
await Bun.sleep(quiet);
const after = measure(engine);
console.log(`after ${total} cycles`, after);
const grown = growth(before, after);
console.log(grown.length === 0 ? "Nothing grew." : `Grown:\n  ${grown.join("\n  ")}`);
process.exitCode = grown.length === 0 ? 0 : 1;
