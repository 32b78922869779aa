import type { Command } from "../../cli.ts";
import { eachTarget } from "../../targets.ts";

export const killCommand: Command = {
  usage: "kill [OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Kill one or more running containers",
  flags: [{ name: "signal", short: "s", kind: "string", help: "Signal to send to the container" }],
  args: { least: 1 },
  run: async (cli, { flags, args }) => {
    const killSignal = flags.find("signal");
    return await eachTarget(cli, args, async (name) => {
      await cli.client.containers.kill(name, { killSignal });
      return name;
    });
  },
};
