import { findEveryday, isEveryday } from "./everyday.ts";
import { runOnProcess } from "./run-cli.ts";

// The command line as a program of its own: what is bundled, twice, and starts faster than the sources. This bundle has
// the everyday commands alone; the one beside it, whole, has all, and is loaded for the others. What is compiled ahead
// may not wait at its top.
async function main(argv: readonly string[]): Promise<number> {
  if (!isEveryday(argv)) return await (await import("./whole.js")).runCli(argv);
  // Help was not asked for; should it be needed all the same, it knows all commands.
  return await runOnProcess(argv, {
    find: findEveryday,
    help: async () => (await import("./whole.js")).help(),
  });
}

void main(process.argv.slice(2)).then((code) => process.exit(code));
