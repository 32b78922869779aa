import { runCli } from "./run-cli.ts";

// The command line as a program of its own: what is bundled into one, which starts faster than the sources. What is
// compiled ahead may not wait at its top.
void runCli(process.argv.slice(2)).then((code) => process.exit(code));
