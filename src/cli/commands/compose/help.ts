import { flagHelp } from "../../flags/index.ts";
import type { ComposeCommand } from "./compose-command.ts";
import { composeFlags } from "./global-flags.ts";
import { verbs } from "./verbs.ts";

/** The help of `compose` itself. */
export async function composeHelp(): Promise<string> {
  const rows = await Promise.all(
    Object.entries(verbs).map(async ([name, load]) => `  ${name.padEnd(11)} ${(await load()).summary}`),
  );
  return [
    "Usage:  gantry compose [OPTIONS] COMMAND\n",
    "Define and run applications of several containers\n",
    `Options:\n${flagHelp(composeFlags)}\n`,
    `Commands:\n${rows.sort().join("\n")}\n`,
    "Run 'gantry compose COMMAND --help' for more information on a command.\n",
  ].join("\n");
}

/** The help of one verb. */
export function verbHelp(verb: string, command: ComposeCommand): string {
  const rest = command.usage.replace(/^\S+ ?/, "");
  const options = command.flags.length === 0 ? "" : `\nOptions:\n${flagHelp(command.flags)}\n`;
  return `Usage:  gantry compose ${verb}${rest === "" ? "" : ` ${rest}`}\n\n${command.summary}\n${options}`;
}
