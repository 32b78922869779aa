import type { Applying, Project } from "../../../compose/index.ts";
import type { Cli, Invocation } from "../../cli.ts";
import type { FlagSpec, FlagValues } from "../../flags/index.ts";
import type { Progress } from "./progress.ts";

/** What every verb of `compose` has at hand. */
export interface Compose {
  readonly cli: Cli;
  /** The flags before the verb. */
  readonly flags: FlagValues;
  /** Loads the project, its warnings told on stderr. `services`: those named, whose profiles then count. */
  load(services?: readonly string[]): Promise<Project>;
  /** The project as far as it can be known: without files, `-p` alone names one. */
  find(
    services?: readonly string[],
  ): Promise<{ readonly name: string; readonly project: Project | undefined }>;
  /** Told on stderr with the mark of a warning. */
  warn(message: string): void;
  /** Whether nothing is to be carried out. */
  readonly dryRun: boolean;
  /** Whether output may be coloured. */
  coloured(): Promise<boolean>;
  /** Runs `work` with what plans are carried out with, its progress shown on stderr until it ends. */
  working<T>(work: (applying: Applying) => Promise<T>, options?: WorkOptions): Promise<T>;
}

export interface WorkOptions {
  readonly signal?: AbortSignal | undefined;
  /** Lines of builds are not shown. */
  readonly quiet?: boolean;
  /** Shows progress in another way. */
  readonly progress?: Progress;
}

/** One verb of `compose`. */
export interface ComposeCommand {
  /** Without the program: `up [OPTIONS] [SERVICE...]`. */
  readonly usage: string;
  readonly summary: string;
  readonly flags: readonly FlagSpec[];
  readonly args: { readonly least: number; readonly most?: number };
  /** False: flags end at the first argument. */
  readonly interspersed?: boolean;
  run(compose: Compose, invocation: Invocation): Promise<number>;
}
