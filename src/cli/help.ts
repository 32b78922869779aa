import type { Command, CommandGroup, RawCommand, Surroundings } from "./cli.ts";
import { groups, topLevel } from "./commands.ts";
import { ExitError } from "./exit.ts";
import type { Found } from "./find-command.ts";
import { flagHelp } from "./flags/index.ts";
import { globalFlags } from "./global-flags.ts";
import { usageLine } from "./usage.ts";

/** Shows the help that a call asks for, or says that there is no such command. */
export async function showHelp(at: Pick<Surroundings, "out">, found: Found): Promise<number> {
  switch (found.kind) {
    case "none":
      await at.out.write(await programHelp());
      return 0;
    case "group":
      await at.out.write(await groupHelp(found.path, found.group));
      return 0;
    case "unknown":
      throw new ExitError(1, unknownCommand(found));
    case "command":
      await at.out.write("runRaw" in found.command ? "" : commandHelp(found.path, found.command));
      return 0;
  }
}

/** What the engine's side answers to; it never comes here. */
const engineCommands: { readonly program: [string, string][]; readonly system: [string, string][] } = {
  program: [["daemon", "Run the engine in the foreground"]],
  system: [["reset", "Stop what an engine runs and remove all that it keeps"]],
};

/** The help text of one command. */
export function commandHelp(path: string, command: Command): string {
  const options = command.flags.length === 0 ? "" : `\nOptions:\n${flagHelp(command.flags)}\n`;
  return `Usage:  ${usageLine({ path, command })}\n\n${command.summary}\n${options}`;
}

async function programHelp(): Promise<string> {
  const nouns = Object.entries(groups).map(([name, group]): [string, string] => [name, group.summary]);
  const verbs = [...(await summaries(topLevel)), ...engineCommands.program];
  return [
    "Usage:  gantry [OPTIONS] COMMAND\n",
    "Builds, runs and composes containers\n",
    `Management Commands:\n${table(nouns)}\n`,
    `Commands:\n${table(verbs)}\n`,
    `Global Options:\n${flagHelp(globalFlags)}\n`,
    "Run 'gantry COMMAND --help' for more information on a command.\n",
  ].join("\n");
}

async function groupHelp(path: string, group: CommandGroup): Promise<string> {
  const more = path === "system" ? engineCommands.system : [];
  const rows = table([...(await summaries(group.commands)), ...more]);
  return `Usage:  gantry ${path} COMMAND\n\n${group.summary}\n\nCommands:\n${rows}\n\nRun 'gantry ${path} COMMAND --help' for more information on a command.\n`;
}

function unknownCommand({ path, word }: { path: string; word: string }): string {
  const full = path === "" ? word : `${path} ${word}`;
  const usage = path === "" ? "" : `Usage:  gantry ${path}\n\n`;
  const help = path === "" ? "gantry --help" : `gantry ${path} --help`;
  return `gantry: unknown command: gantry ${full}\n\n${usage}Run '${help}' for more information`;
}

async function summaries(commands: CommandGroup["commands"]): Promise<[string, string][]> {
  const load = async ([name, get]: [string, () => Promise<Command | RawCommand>]): Promise<
    [string, string]
  > => [name, (await get()).summary];
  return await Promise.all(Object.entries(commands).map(load));
}

function table(rows: readonly [string, string][]): string {
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
  const width = Math.max(...sorted.map(([name]) => name.length), 9);
  return sorted.map(([name, summary]) => `  ${name.padEnd(width)}   ${summary}`).join("\n");
}
