import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sampleTrials } from "../src/layer/fuzz.fixture.ts";
import { buildFuzzHelper, tryArchives } from "../src/layer/fuzz-helper.fixture.ts";

/** Tries mutated archives by the hundred thousand. An archive that breaks a rule is kept, and the run fails. */
const { values } = parseArgs({
  options: {
    count: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    keep: { type: "string", default: "build/fuzz" },
  },
});
const batch = 1000;
const count = Number(values.count);
const first = Number(values.seed);
const began = Date.now();
let taken = 0;
let refused = 0;
let violations = 0;
await buildFuzzHelper();
console.log(`${count} archives from seed ${first}`);
for (let done = 0; done < count; done += batch) {
  let trials = sampleTrials(first + done / batch, Math.min(batch, count - done));
  while (trials.length > 0) {
    const verdicts = await tryArchives(trials);
    taken += verdicts.taken;
    refused += verdicts.refused;
    if (!verdicts.violation) break;
    const { index, report } = verdicts.violation;
    violations += 1;
    mkdirSync(values.keep, { recursive: true });
    const path = join(values.keep, `seed-${first + done / batch}-${violations}`);
    writeFileSync(path, trials[index]?.bytes ?? new Uint8Array(0));
    console.log(`${path}: ${report.slice(0, 3000)}`);
    trials = trials.slice(index + 1);
  }
  if ((done / batch) % 10 === 9)
    console.log(`${done + batch}: ${taken} taken, ${refused} refused, ${violations} violations`);
}
const seconds = Math.round((Date.now() - began) / 1000);
console.log(
  `${taken + refused} archives in ${seconds} s: ${taken} taken, ${refused} refused, ${violations} violations`,
);
process.exitCode = violations > 0 ? 1 : 0;
