import type { Command } from "../../cli.ts";
import { printInspected } from "../../inspect.ts";

export const inspectNetworkCommand: Command = {
  usage: "inspect [OPTIONS] NETWORK [NETWORK...]",
  summary: "Display detailed information on one or more networks",
  flags: [
    {
      name: "format",
      short: "f",
      kind: "string",
      help: "Format output using a Go template, `json`, `table` or `table TEMPLATE`",
    },
    { name: "verbose", short: "v", kind: "bool", help: "Verbose output for diagnostics" },
  ],
  args: { least: 1 },
  run: async (cli, { flags, args }) =>
    await printInspected(cli, args, {
      format: flags.find("format"),
      get: (name) => cli.client.networks.inspect(name),
    }),
};
