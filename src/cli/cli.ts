import type { Client } from "../client/index.ts";
import type { FlagSpec, FlagValues } from "./flags/index.ts";
import type { Output } from "./output.ts";

/** What every command has at hand. */
export interface Cli {
  /** The engine that this call talks to; made on first use, connected on the first request. */
  readonly client: Client;
  readonly out: Output;
  readonly err: Output;
  /** The command's input. */
  stdin(): AsyncIterable<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where relative paths start. */
  readonly directory: string;
  /** Where `config.json` and the manifests of lists lie: Docker's own place, so that logins are shared with it. */
  readonly configDirectory: string;
}

/** One call of a command. */
export interface Invocation {
  readonly flags: FlagValues;
  readonly args: readonly string[];
}

/** One command. `run` returns the exit code; what it throws is told on stderr and ends with 1 or its own code. */
export interface Command {
  /** Docker's usage line without the program: `run [OPTIONS] IMAGE [COMMAND] [ARG...]`. */
  readonly usage: string;
  readonly summary: string;
  readonly flags: readonly FlagSpec[];
  /** How many arguments it takes. */
  readonly args: { readonly least: number; readonly most?: number };
  /** False: flags end at the first argument, what follows belongs to the container's command. */
  readonly interspersed?: boolean;
  run(cli: Cli, invocation: Invocation): Promise<number>;
}

/** A command that takes its own words apart. */
export interface RawCommand {
  readonly summary: string;
  runRaw(cli: Cli, argv: readonly string[]): Promise<number>;
}

/** Commands under a noun, each loaded when it is called. */
export interface CommandGroup {
  readonly summary: string;
  readonly commands: Readonly<Record<string, () => Promise<Command | RawCommand>>>;
  /** Other spellings of its commands. */
  readonly aliases?: Readonly<Record<string, string>>;
}

/** Where one call of the command line reads and writes; tests bring their own. */
export interface Surroundings {
  readonly out: Output;
  readonly err: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  stdin(): AsyncIterable<Uint8Array>;
}
