import { isKind } from "../../../base/index.ts";
import type { Command } from "../../cli.ts";
import { eachTarget } from "../../targets.ts";

export const removeNetworkCommand: Command = {
  usage: "rm NETWORK [NETWORK...]",
  summary: "Remove one or more networks",
  flags: [{ name: "force", short: "f", kind: "bool", help: "Do not error if the network does not exist" }],
  args: { least: 1 },
  run: async (cli, { flags, args }) =>
    await eachTarget(cli, args, async (name) => {
      try {
        await cli.client.networks.remove(name);
      } catch (error) {
        if (!flags.bool("force") || !isKind(error, "not-found")) throw error;
        return "";
      }
      return name;
    }),
};
