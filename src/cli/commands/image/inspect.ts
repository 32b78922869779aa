import type { Command } from "../../cli.ts";
import { printInspected } from "../../inspect.ts";

export const inspectImageCommand: Command = {
  usage: "inspect [OPTIONS] IMAGE [IMAGE...]",
  summary: "Display detailed information on one or more images",
  flags: [
    {
      name: "format",
      short: "f",
      kind: "string",
      help: "Format output using a Go template, `json`, `table` or `table TEMPLATE`",
    },
    {
      name: "platform",
      kind: "string",
      help: "Inspect a specific platform of the multi-platform image. If the image or the server is not multi-platform capable, the command will error out if the platform does not match. 'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
    },
  ],
  args: { least: 1 },
  run: async (cli, { flags, args }) =>
    await printInspected(cli, args, {
      format: flags.find("format"),
      get: (name) => cli.client.images.inspect(name, { platform: flags.find("platform") }),
    }),
};
