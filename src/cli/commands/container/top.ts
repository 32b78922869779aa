import type { Command } from "../../cli.ts";
import { alignTable } from "../../listing/index.ts";

export const topCommand: Command = {
  usage: "top CONTAINER [ps OPTIONS]",
  summary: "Display the running processes of a container",
  flags: [],
  args: { least: 1 },
  interspersed: false,
  run: async (cli, { args: [name = "", ...rest] }) => {
    const psArguments = rest.length > 0 ? rest.join(" ") : undefined;
    const { Titles, Processes } = await cli.client.containers.top(name, { psArguments });
    const lines = [Titles, ...Processes].map((cells) => cells.join("\t"));
    await cli.out.write(alignTable(lines, { least: 20 }));
    return 0;
  },
};
