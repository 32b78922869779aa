import { readdirSync } from "node:fs";
import { join } from "node:path";

/** The repository. */
export const repository = join(import.meta.dir, "..");

/** How a suite went. A suite that cannot count its tests is one test. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** One thing to run: a title, the command, and whether it is `bun test`, whose closing lines tell the counts. */
export interface Suite {
  readonly title: string;
  readonly command: readonly string[];
  readonly counts: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

const bun = process.execPath;
const tool = (name: string): string => join(repository, "node_modules/.bin", name);

/** A suite of `bun test`, its files in `jobs` processes at a time. */
export function testSuite(
  title: string,
  paths: readonly string[],
  jobs: number,
  timeoutSeconds: number,
): Suite {
  const flags = [`--timeout=${timeoutSeconds * 1000}`, ...(jobs > 1 ? [`--parallel=${jobs}`] : [])];
  return { title, command: [bun, "test", ...flags, ...paths], counts: true };
}

/** What `npm run check` runs: format and lint, types, layers, unit tests. */
export const checkSuites: readonly Suite[] = [
  { title: "format and lint", command: [tool("biome"), "check", "."], counts: false },
  { title: "types", command: [tool("tsc"), "-p", "."], counts: false },
  testSuite("layers", ["./test/layers.test.ts"], 1, 30),
  // These use up the host's subnets on purpose and take away their own bridges: nothing else may look for one then.
  testSuite("unit: network", ["./src/network"], 1, 30),
  testSuite("unit: the others", foldersExcept("network"), 2, 30),
];

function foldersExcept(name: string): string[] {
  const folders = readdirSync(join(repository, "src"), { withFileTypes: true });
  return folders
    .filter((entry) => entry.isDirectory() && entry.name !== name)
    .map((entry) => `./src/${entry.name}`);
}

/** The counts in the closing lines of `bun test`; undefined when it did not get that far. */
export function readCounts(output: string): Outcome | undefined {
  const last = (word: string): number | undefined => {
    const matches = [...output.matchAll(new RegExp(`^\\s*(\\d+) ${word}$`, "gm"))];
    const number = matches.at(-1)?.[1];
    return number === undefined ? undefined : Number(number);
  };
  const passed = last("pass");
  const failed = last("fail");
  if (passed === undefined || failed === undefined) return undefined;
  return { passed, failed, skipped: last("skip") ?? 0 };
}

/** Runs one suite, showing its output when it fails, and tells how it went. */
export async function runSuite(suite: Suite): Promise<Outcome> {
  const started = performance.now();
  const child = Bun.spawn([...suite.command], {
    cwd: repository,
    env: { ...process.env, FORCE_COLOR: "0", NO_COLOR: "1", ...suite.environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const outcome = judge(suite, code, out + err);
  if (outcome.failed > 0) process.stdout.write(`${out}${err}\n`);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const counted = `${outcome.passed} passed${outcome.failed > 0 ? `, ${outcome.failed} FAILED` : ""}`;
  process.stdout.write(`${suite.title.padEnd(18)} ${counted.padEnd(24)} ${seconds.padStart(6)} s\n`);
  return outcome;
}

/** Runs suites one after another and sums them. */
export async function runSuites(suites: readonly Suite[]): Promise<Outcome> {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const suite of suites) {
    const outcome = await runSuite(suite);
    sum.passed += outcome.passed;
    sum.failed += outcome.failed;
    sum.skipped += outcome.skipped;
  }
  return sum;
}

/** Prints the closing line and ends the process: 0 only when something ran and all of it passed. */
export function finish(outcome: Outcome): never {
  if (outcome.skipped > 0) process.stdout.write(`skipped on this machine: ${outcome.skipped}\n`);
  process.stdout.write(`${outcome.passed} passed, ${outcome.failed} failed\n`);
  process.exit(outcome.failed === 0 && outcome.passed > 0 ? 0 : 1);
}

function judge(suite: Suite, code: number, output: string): Outcome {
  const counted = suite.counts
    ? readCounts(output)
    : { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  if (counted === undefined) return { passed: 0, failed: 1, skipped: 0 };
  // A runner that fails without a failed test (a file that does not load) must not look green.
  return code !== 0 && counted.failed === 0 ? { ...counted, failed: 1 } : counted;
}
