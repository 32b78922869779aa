import type { Command } from "../../cli.ts";

export const stopRegistryCommand: Command = {
  usage: "stop ADDRESS [ADDRESS...]",
  summary: "Stop serving images",
  flags: [],
  args: { least: 1 },
  run: async (cli, { args }) => {
    for (const address of args) {
      await cli.client.registries.stop(address);
      await cli.out.write(`${address}\n`);
    }
    return 0;
  },
};
