import type { Command } from "../../cli.ts";
import { eachTarget } from "../../targets.ts";

export const unpauseCommand: Command = {
  usage: "unpause CONTAINER [CONTAINER...]",
  summary: "Unpause all processes within one or more containers",
  flags: [],
  args: { least: 1 },
  run: async (cli, { args }) => {
    return await eachTarget(cli, args, async (name) => {
      await cli.client.containers.unpause(name);
      return name;
    });
  },
};
