import type { Command } from "../../cli.ts";
import { writeTar } from "../../files/index.ts";

export const saveCommand: Command = {
  usage: "save [OPTIONS] IMAGE [IMAGE...]",
  summary: "Save one or more images to a tar archive (streamed to STDOUT by default)",
  flags: [
    { name: "output", short: "o", kind: "string", help: "Write to a file, instead of STDOUT" },
    {
      name: "platform",
      kind: "string",
      help: 'Save only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    },
  ],
  args: { least: 1 },
  run: async (cli, { flags, args }) => {
    await writeTar(cli, flags.find("output"), () =>
      cli.client.images.save(args, { platform: flags.find("platform") }),
    );
    return 0;
  },
};
