import type { Command } from "../../cli.ts";
import { eachTarget } from "../../targets.ts";

export const removeVolumeCommand: Command = {
  usage: "rm [OPTIONS] VOLUME [VOLUME...]",
  summary: "Remove one or more volumes",
  flags: [{ name: "force", short: "f", kind: "bool", help: "Force the removal of one or more volumes" }],
  args: { least: 1 },
  run: async (cli, { flags, args }) =>
    await eachTarget(cli, args, async (name) => {
      await cli.client.volumes.remove(name, { force: flags.bool("force") });
      return name;
    }),
};
