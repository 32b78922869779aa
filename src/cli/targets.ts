import type { Cli } from "./cli.ts";
import { explain } from "./exit.ts";

/**
 * Does the same to several objects at a time, and prints each one's line once it is done, in the order given.
 * Failures are told on stderr and do not stop the others; the exit code is then 1.
 */
export async function eachTarget(
  cli: Cli,
  names: readonly string[],
  action: (name: string) => Promise<string>,
): Promise<number> {
  // All begin now; an early failure must not count as unhandled while an earlier one is awaited.
  const running = names.map((name) =>
    action(name).then(
      (line) => ({ line }),
      (error: unknown) => ({ error }),
    ),
  );
  const failures: string[] = [];
  for (const result of running) {
    const outcome = await result;
    if ("error" in outcome) failures.push(explain(outcome.error));
    else if (outcome.line !== "") await cli.out.write(`${outcome.line}\n`);
  }
  for (const failure of failures) await cli.err.write(`${failure}\n`);
  return failures.length > 0 ? 1 : 0;
}
