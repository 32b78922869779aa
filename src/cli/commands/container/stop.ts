import type { Command } from "../../cli.ts";
import { eachTarget } from "../../targets.ts";

export const stopCommand: Command = {
  usage: "stop [OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Stop one or more running containers",
  flags: [
    { name: "signal", short: "s", kind: "string", help: "Signal to send to the container" },
    { name: "timeout", short: "t", kind: "int", help: "Seconds to wait before killing the container" },
  ],
  args: { least: 1 },
  run: async (cli, { flags, args }) => {
    const options = { timeout: flags.int("timeout"), stopSignal: flags.find("signal") };
    return await eachTarget(cli, args, async (name) => {
      await cli.client.containers.stop(name, options);
      return name;
    });
  },
};
