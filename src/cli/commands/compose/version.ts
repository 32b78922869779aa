import { version } from "../../version.ts";
import type { ComposeCommand } from "./compose-command.ts";
import { oneOf } from "./global-flags.ts";

export const versionVerb: ComposeCommand = {
  usage: "version [OPTIONS]",
  summary: "Show the Compose version information",
  flags: [
    {
      name: "format",
      short: "f",
      kind: "string",
      default: "pretty",
      help: "Format the output. Values: [pretty | json]",
      check: oneOf("pretty", "json"),
    },
    { name: "short", kind: "bool", help: "Shows only Compose's version number" },
  ],
  args: { least: 0, most: 0 },
  run: async ({ cli }, { flags }) => {
    if (flags.bool("short")) await cli.out.write(`${version}\n`);
    else if (flags.text("format") === "json") await cli.out.write(`${JSON.stringify({ version })}\n`);
    else await cli.out.write(`Gantry Compose version ${version}\n`);
    return 0;
  },
};
