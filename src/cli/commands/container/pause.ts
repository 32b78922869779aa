import type { Command } from "../../cli.ts";
import { eachTarget } from "../../targets.ts";

export const pauseCommand: Command = {
  usage: "pause CONTAINER [CONTAINER...]",
  summary: "Pause all processes within one or more containers",
  flags: [],
  args: { least: 1 },
  run: async (cli, { args }) => {
    return await eachTarget(cli, args, async (name) => {
      await cli.client.containers.pause(name);
      return name;
    });
  },
};
