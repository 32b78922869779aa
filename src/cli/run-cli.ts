import { codeOf } from "../base/index.ts";
import { createClient, type Logins } from "../client/index.ts";
import type { Cli, Command, Invocation, Surroundings } from "./cli.ts";
import { dialBun } from "./dial.ts";
import { ExitError, explain } from "./exit.ts";
import type { Found } from "./find-command.ts";
import { FlagError, parseFlags } from "./flags/index.ts";
import { globalFlags } from "./global-flags.ts";
import { chooseConfig, chooseHost, defaultHost } from "./host.ts";
import { processOutput } from "./output.ts";
import { dialStarting } from "./start-engine.ts";
import { checkArguments, flagError } from "./usage.ts";

/** The commands of a program, and the help on them, which is loaded when it is asked for. */
export interface Repertoire {
  find(words: readonly string[]): Promise<Found>;
  help(): Promise<Help>;
}

export interface Help {
  showHelp(at: Pick<Surroundings, "out">, found: Found): Promise<number>;
  commandHelp(path: string, command: Command): string;
}

/** Runs the command line `argv` (without the program) on the process's own streams; gives the exit code. */
export async function runOnProcess(argv: readonly string[], repertoire: Repertoire): Promise<number> {
  const surroundings: Surroundings = {
    out: processOutput(1),
    err: processOutput(2),
    env: process.env,
    directory: process.cwd(),
    stdin: () => Bun.stdin.stream(),
  };
  return await runOn(surroundings, argv, repertoire);
}

/** Runs the command line with streams and environment of the caller. Never rejects. */
export async function runOn(
  at: Surroundings,
  argv: readonly string[],
  repertoire: Repertoire,
): Promise<number> {
  try {
    const code = await dispatch(at, argv, repertoire);
    await Promise.all([at.out.flush(), at.err.flush()]);
    return code;
  } catch (error) {
    return await complain(at, error);
  }
}

async function dispatch(at: Surroundings, argv: readonly string[], repertoire: Repertoire): Promise<number> {
  const { flags, args, help } = parseGlobal(argv);
  if (flags.bool("version")) {
    const { version } = await import("./version.ts");
    await at.out.write(`Gantry version ${version}\n`);
    return 0;
  }
  if (args[0] === "help") return await dispatch(at, [...args.slice(1), "--help"], repertoire);
  checkContext(flags.find("context"));
  const found = await repertoire.find(args);
  if (help || found.kind !== "command") {
    return await (await repertoire.help()).showHelp(at, found);
  }
  using cli = makeCli(at, { host: flags.find("host"), config: flags.find("config") });
  if ("runRaw" in found.command) return await found.command.runRaw(cli, found.rest);
  return await runCommand(cli, { path: found.path, command: found.command, words: found.rest }, repertoire);
}

/** A context that is not there would send the command to another engine than was meant. */
function checkContext(name: string | undefined): void {
  if (!name || name === "default") return;
  throw new ExitError(
    1,
    `context ${JSON.stringify(name)}: context not found: say where the engine is by --host`,
  );
}

function parseGlobal(argv: readonly string[]) {
  try {
    return parseFlags(globalFlags, argv, { interspersed: false });
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    throw new ExitError(
      125,
      `${error.message}\n\nUsage:  gantry [OPTIONS] COMMAND [ARG...]\n\nRun 'gantry --help' for more information`,
    );
  }
}

async function runCommand(
  cli: Cli,
  called: { path: string; command: Command; words: readonly string[] },
  repertoire: Repertoire,
): Promise<number> {
  const { path, command } = called;
  const parsed = parseCommand(called, called.words);
  if (parsed.help) {
    await cli.out.write((await repertoire.help()).commandHelp(path, command));
    return 0;
  }
  checkArguments({ path, command }, parsed.args);
  const invocation: Invocation = { flags: parsed.flags, args: parsed.args };
  return await command.run(cli, invocation);
}

function parseCommand({ path, command }: { path: string; command: Command }, words: readonly string[]) {
  try {
    return parseFlags(command.flags, words, { interspersed: command.interspersed ?? true });
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    throw flagError({ path, command }, error.message);
  }
}

function makeCli(
  at: Surroundings,
  flags: { readonly host: string | undefined; readonly config: string | undefined },
): Cli & Disposable {
  const host = chooseHost(flags.host, at.env);
  const dial = host === defaultHost ? dialStarting(dialBun) : dialBun;
  const configDirectory = chooseConfig(flags.config, at);
  const logins = loginsIn({ env: at.env, configDirectory });
  let client: Cli["client"] | undefined;
  return {
    ...at,
    configDirectory,
    get client() {
      client ??= createClient({ host, dial, logins });
      return client;
    },
    [Symbol.dispose]: () => client?.close(),
  };
}

/** Read when a call needs them: most commands never do. */
function loginsIn(at: Pick<Cli, "env" | "configDirectory">): Logins {
  return {
    async forImage(reference) {
      const { registryAuth } = await import("./registry/index.ts");
      return await registryAuth(at, reference);
    },
    async forBuild() {
      const { buildAuth } = await import("./registry/index.ts");
      return await buildAuth(at);
    },
  };
}

async function complain(at: Surroundings, error: unknown): Promise<number> {
  // Nobody reads any more: end as a program that SIGPIPE killed.
  if (codeOf(error) === "EPIPE") return 141;
  const message = explain(error);
  if (message !== "") await at.err.write(`${message}\n`).catch(() => undefined);
  await Promise.all([at.out.flush(), at.err.flush()]).catch(() => undefined);
  return error instanceof ExitError ? error.code : 1;
}
