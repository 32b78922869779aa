import type { Command } from "../../cli.ts";
import { printInspected } from "../../inspect.ts";
import { printAsRun } from "./as-run.ts";

export const inspectContainerCommand: Command = {
  usage: "inspect [OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Display detailed information on one or more containers",
  flags: [
    {
      name: "as",
      kind: "string",
      help: "Print in another form: `run`, the command that makes the container again",
    },
    {
      name: "format",
      short: "f",
      kind: "string",
      help: "Format output using a Go template, `json`, `table` or `table TEMPLATE`",
    },
    { name: "size", short: "s", kind: "bool", help: "Display total file sizes" },
  ],
  args: { least: 1 },
  run: async (cli, { flags, args }) => {
    if (flags.has("as")) return await printAsRun(cli, args, flags.text("as"));
    return await printInspected(cli, args, {
      format: flags.find("format"),
      get: (name) => cli.client.containers.inspect(name, { size: flags.bool("size") }),
    });
  },
};
