import {
  type Loaded,
  type LoadOptions,
  loadProject,
  type Project,
  projectName,
} from "../../../compose/index.ts";
import type { Cli } from "../../cli.ts";
import type { FlagValues } from "../../flags/index.ts";
import type { Compose, WorkOptions } from "./compose-command.ts";
import { asLoadExit, isNoFile } from "./failure.ts";
import { Interrupted, onInterrupt } from "./interrupts.ts";
import { openProgress, type ProgressOptions } from "./progress.ts";

/** Makes what the verbs of one call work with. */
export function openCompose(cli: Cli, flags: FlagValues): Compose {
  const warn = (message: string): void => void cli.err.write(`WARN: ${message}\n`).catch(() => undefined);
  const dryRun = flags.bool("dry-run");
  const compose: Compose = {
    cli,
    flags,
    dryRun,
    warn,
    load: async (services = []) => {
      const { project, warnings } = await loading(loadOptions(cli, flags, services));
      for (const warning of warnings) warn(warning);
      return project;
    },
    find: (services = []) => findProject(compose, services),
    coloured: async () => {
      const when = cli.env.COMPOSE_ANSI ?? flags.text("ansi");
      if (when === "never" || (cli.env.NO_COLOR ?? "") !== "") return false;
      return when === "always" || (await cli.out.terminal()) !== undefined;
    },
    working: async (work, options = {}) => {
      const progress = options.progress ?? (await openProgress(cli.err, progressOptions(compose, options)));
      await using _ = progress;
      const stop = new AbortController();
      using __ = options.signal === undefined ? onInterrupt(() => stop.abort(new Interrupted())) : undefined;
      return await work({
        client: cli.client,
        signal: options.signal ?? stop.signal,
        report: progress.report,
        warn,
        dryRun,
        parallel: parallelism(cli, flags),
      });
    },
  };
  return compose;
}

/** The options of loading that the flags before the verb give. */
export function loadOptions(cli: Cli, flags: FlagValues, services: readonly string[]): LoadOptions {
  const projectDirectory = flags.find("project-directory");
  const name = flags.find("project-name");
  return {
    directory: cli.directory,
    environment: cli.env,
    files: flags.list("file"),
    environmentFiles: flags.list("env-file"),
    profiles: flags.list("profile"),
    services,
    readStandardInput: async () => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of cli.stdin()) chunks.push(chunk);
      return Buffer.concat(chunks).toString("utf8");
    },
    ...(projectDirectory === undefined ? {} : { projectDirectory }),
    ...(name === undefined ? {} : { projectName: name }),
  };
}

async function loading(options: LoadOptions): Promise<Loaded> {
  try {
    return await loadProject(options);
  } catch (error) {
    throw asLoadExit(error);
  }
}

async function findProject(
  { cli, flags, warn }: Compose,
  services: readonly string[],
): Promise<{ name: string; project: Project | undefined }> {
  const given = flags.find("project-name") ?? cli.env.COMPOSE_PROJECT_NAME;
  try {
    const { project, warnings } = await loadProject(loadOptions(cli, flags, services));
    for (const warning of warnings) warn(warning);
    return { name: project.name, project };
  } catch (error) {
    if (given === undefined || given === "" || flags.has("file") || !isNoFile(error)) throw asLoadExit(error);
    const name = projectName({ given, environment: undefined, file: undefined, directory: cli.directory });
    return { name, project: undefined };
  }
}

function progressOptions({ cli, flags, dryRun }: Compose, options: WorkOptions): ProgressOptions {
  const wanted = flags.find("progress") ?? cli.env.COMPOSE_PROGRESS ?? "auto";
  const ansi = cli.env.COMPOSE_ANSI ?? flags.text("ansi");
  const mode = wanted === "tty" || wanted === "plain" || wanted === "quiet" ? wanted : "auto";
  return {
    mode: mode === "auto" && ansi === "never" ? "plain" : mode,
    quietOutput: options.quiet ?? false,
    ...(dryRun ? { prefix: "DRY-RUN MODE - " } : {}),
  };
}

function parallelism(cli: Cli, flags: FlagValues): number | undefined {
  const given = flags.has("parallel") ? flags.int("parallel") : Number(cli.env.COMPOSE_PARALLEL_LIMIT ?? -1);
  return given !== undefined && given > 0 ? given : undefined;
}
