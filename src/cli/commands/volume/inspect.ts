import type { Command } from "../../cli.ts";
import { printInspected } from "../../inspect.ts";

export const inspectVolumeCommand: Command = {
  usage: "inspect [OPTIONS] VOLUME [VOLUME...]",
  summary: "Display detailed information on one or more volumes",
  flags: [
    {
      name: "format",
      short: "f",
      kind: "string",
      help: "Format output using a Go template, `json`, `table` or `table TEMPLATE`",
    },
  ],
  args: { least: 1 },
  run: async (cli, { flags, args }) =>
    await printInspected(cli, args, {
      format: flags.find("format"),
      get: (name) => cli.client.volumes.inspect(name),
    }),
};
