import type { Command } from "../../cli.ts";
import { eachTarget } from "../../targets.ts";

export const waitCommand: Command = {
  usage: "wait CONTAINER [CONTAINER...]",
  summary: "Block until one or more containers stop, then print their exit codes",
  flags: [],
  args: { least: 1 },
  run: async (cli, { args }) => {
    return await eachTarget(cli, args, async (name) => {
      const { StatusCode } = await cli.client.containers.wait(name);
      return String(StatusCode);
    });
  },
};
