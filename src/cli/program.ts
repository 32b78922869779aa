import { runCli } from "./run-cli.ts";

// The command line as a program of its own: what is bundled into one, which starts faster than the sources.
process.exit(await runCli(process.argv.slice(2)));
