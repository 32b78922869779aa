import type { Command } from "../../cli.ts";
import { writeTar } from "../../files/index.ts";

export const exportCommand: Command = {
  usage: "export [OPTIONS] CONTAINER",
  summary: "Export a container's filesystem as a tar archive",
  flags: [{ name: "output", short: "o", kind: "string", help: "Write to a file, instead of STDOUT" }],
  args: { least: 1, most: 1 },
  run: async (cli, { flags, args: [name = ""] }) => {
    await writeTar(cli, flags.find("output"), () => cli.client.containers.exportTar(name));
    return 0;
  },
};
