import { join } from "node:path";
import { encodeTrial, type Trial } from "./fuzz.fixture.ts";

const native = join(import.meta.dir, "../../native");
const program = join(import.meta.dir, "../../build/gantry-layer-fuzz");

/** Builds the checked helper when it is absent or older than its sources. */
export async function buildFuzzHelper(): Promise<void> {
  const make = Bun.spawn(["make", "-s", "-C", native, "fuzz"], { stdout: "pipe", stderr: "pipe" });
  const text = await new Response(make.stderr).text();
  if ((await make.exited) !== 0) throw new Error(`The helper for fuzzing cannot be built:\n${text}`);
}

export interface Verdicts {
  readonly taken: number;
  readonly refused: number;
  /** The archive that ended the helper, and what it said. */
  readonly violation?: { readonly index: number; readonly report: string };
}

/** Tries archives one after the other in one process; ends with the first that breaks a rule. */
export async function tryArchives(trials: readonly Trial[]): Promise<Verdicts> {
  // The checks make frames large, and trees are deep.
  const child = Bun.spawn(["sh", "-c", 'ulimit -s unlimited; exec "$0"', program], {
    stdin: Buffer.concat(trials.map(encodeTrial)),
    stdout: "pipe",
    stderr: "pipe",
    env: { ASAN_OPTIONS: "detect_leaks=0:allocator_may_return_null=1", UBSAN_OPTIONS: "print_stacktrace=1" },
  });
  const [answers, report] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const code = await child.exited;
  const taken = answers.replaceAll("r", "").length;
  const counts = { taken, refused: answers.length - taken };
  if (code === 0 && answers.length === trials.length) return counts;
  return { ...counts, violation: { index: answers.length, report: report || `it ended with ${code}` } };
}
