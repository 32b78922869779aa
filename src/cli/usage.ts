import type { Command } from "./cli.ts";
import { ExitError } from "./exit.ts";

/** A command under the name it was called by. */
export interface Called {
  /** `container run`, `run`. */
  readonly path: string;
  readonly command: Command;
}

/** `gantry container run [OPTIONS] IMAGE …`: the usage under the name the command was called by. */
export function usageLine({ path, command }: Called): string {
  const rest = command.usage.replace(/^\S+ ?/, "");
  return `gantry ${path}${rest === "" ? "" : ` ${rest}`}`;
}

/** What a wrong flag ends with. */
export function flagError(called: Called, message: string): ExitError {
  const help = `Run 'gantry ${called.path} --help' for more information`;
  return new ExitError(125, `${message}\n\nUsage:  ${usageLine(called)}\n\n${help}`);
}

/** Throws, in Docker's words, when there are too few or too many arguments. */
export function checkArguments(called: Called, args: readonly string[]): void {
  const { least, most } = called.command.args;
  if (args.length >= least && (most === undefined || args.length <= most)) return;
  const see = most === undefined ? "See" : "Run";
  const wanted = describe(called.command.args, args.length);
  throw new ExitError(
    1,
    `gantry: 'gantry ${called.path}' ${wanted}\n\nUsage:  ${usageLine(called)}\n\n${see} 'gantry ${called.path} --help' for more information`,
  );
}

function describe({ least, most }: Command["args"], given: number): string {
  if (most === 0) return "accepts no arguments";
  if (most === undefined) return `requires at least ${count(least)}`;
  if (least === most) return `requires ${count(least)}`;
  return given > most ? `requires at most ${count(most)}` : `requires at least ${count(least)}`;
}

function count(number: number): string {
  return number === 1 ? "1 argument" : `${number} arguments`;
}
