import type { Surroundings } from "./cli.ts";
import { findCommand } from "./commands.ts";
import { type Help, type Repertoire, runOn, runOnProcess } from "./run-cli.ts";

/** What helps with all commands. */
export async function help(): Promise<Help> {
  return await import("./help.ts");
}

/** All commands. */
const whole: Repertoire = { find: findCommand, help };

/** Runs the command line `argv` (without the program) on the process's own streams; gives the exit code. */
export async function runCli(argv: readonly string[]): Promise<number> {
  return await runOnProcess(argv, whole);
}

/** Runs the command line with streams and environment of the caller. Never rejects. */
export async function runWith(at: Surroundings, argv: readonly string[]): Promise<number> {
  return await runOn(at, argv, whole);
}
