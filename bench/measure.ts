/** One thing to measure: a name and what to do; what it resolves to is the time in milliseconds. */
export interface Contender {
  readonly name: string;
  readonly once: () => Promise<number>;
}

export interface Result {
  readonly name: string;
  readonly median: number;
  readonly fastest: number;
  readonly slowest: number;
  readonly times: readonly number[];
}

/**
 * Measures contenders in turn, round by round, so that whatever else the machine does meets all alike. One round to
 * warm up is not counted.
 */
export async function interleave(contenders: readonly Contender[], rounds: number): Promise<Result[]> {
  const times = contenders.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      const milliseconds = await contender.once();
      if (round >= 0) times[index]?.push(milliseconds);
    }
  }
  return contenders.map(({ name }, index) => summarise(name, times[index] ?? []));
}

/** The median of each round's ratio: a slow moment of the machine slows both sides of it. */
export function ratio(of: Result, to: Result): number {
  return median(of.times.map((time, round) => time / (to.times[round] ?? Number.NaN)));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Runs a command to its successful end; gives the time from before its start to after its end. */
export async function timeCommand(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  const started = performance.now();
  const child = Bun.spawn([...command], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    env: { ...process.env, ...env },
  });
  const code = await child.exited;
  const milliseconds = performance.now() - started;
  if (code !== 0) throw failure(command, code, await new Response(child.stderr).text());
  return milliseconds;
}

/** Runs a command to its successful end; gives what it printed. */
export async function runCommand(command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [text, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const code = await child.exited;
  if (code !== 0) throw failure(command, code, errors);
  return text;
}

function failure(command: readonly string[], code: number, errors: string): Error {
  return new Error(`${command.join(" ")} ended with ${code}: ${errors}`);
}

function summarise(name: string, times: readonly number[]): Result {
  return { name, median: median(times), fastest: Math.min(...times), slowest: Math.max(...times), times };
}
