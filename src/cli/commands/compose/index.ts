import type { Cli, RawCommand } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { FlagError, parseFlags } from "../../flags/index.ts";
import type { ComposeCommand } from "./compose-command.ts";
import { asExit, exitCode } from "./failure.ts";
import { composeFlags } from "./global-flags.ts";
import { composeHelp, verbHelp } from "./help.ts";
import { openCompose } from "./open-compose.ts";
import { verbs } from "./verbs.ts";

/** `gantry compose`: takes its own flags and verb apart and runs the verb. */
export const composeCommand: RawCommand = {
  summary: "Define and run applications of several containers",
  runRaw: async (cli, argv) => {
    try {
      return await runCompose(cli, argv);
    } catch (error) {
      throw asExit(error);
    }
  },
};

async function runCompose(cli: Cli, argv: readonly string[]): Promise<number> {
  const { flags, args, help } = parsing("compose", () =>
    parseFlags(composeFlags, argv, { interspersed: false }),
  );
  const [verb, ...rest] = flags.bool("version") ? ["version"] : args;
  if (verb === undefined || help) {
    const known = verb === undefined ? undefined : await verbs[verb]?.();
    await cli.out.write(known && verb !== undefined ? verbHelp(verb, known) : await composeHelp());
    return 0;
  }
  const command = Object.hasOwn(verbs, verb) ? await verbs[verb]?.() : undefined;
  if (command === undefined) {
    throw new ExitError(exitCode.badSyntax, `unknown docker command: "compose ${verb}"`);
  }
  return runVerb(cli, { verb, command, rest, flags });
}

interface VerbCall {
  readonly verb: string;
  readonly command: ComposeCommand;
  readonly rest: readonly string[];
  readonly flags: ReturnType<typeof parseFlags>["flags"];
}

async function runVerb(cli: Cli, { verb, command, rest, flags }: VerbCall): Promise<number> {
  const parsed = parsing(`compose ${verb}`, () =>
    parseFlags([...command.flags, dryRunFlag], rest, { interspersed: command.interspersed ?? true }),
  );
  if (parsed.help) {
    await cli.out.write(verbHelp(verb, command));
    return 0;
  }
  const { least, most } = command.args;
  if (parsed.args.length < least || (most !== undefined && parsed.args.length > most)) {
    throw new ExitError(1, wrongCount(verb, command));
  }
  // `--dry-run` is understood on both sides of the verb.
  if (parsed.flags.bool("dry-run")) flags.add(dryRunFlag, "true");
  return command.run(openCompose(cli, flags), { flags: parsed.flags, args: parsed.args });
}

const dryRunFlag = { name: "dry-run", kind: "bool", help: "Execute command in dry run mode" } as const;

function wrongCount(verb: string, { args: { least, most } }: ComposeCommand): string {
  const count = `${least} argument${least === 1 ? "" : "s"}`;
  const wanted =
    most === 0 ? "accepts no arguments" : least === most ? `requires ${count}` : `requires at least ${count}`;
  return `"gantry compose ${verb}" ${wanted}.\nSee 'gantry compose ${verb} --help'.`;
}

function parsing<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    throw new ExitError(exitCode.badSyntax, `${error.message}\nSee 'gantry ${path} --help'.`);
  }
}
