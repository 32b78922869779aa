import type { Command } from "../../cli.ts";
import { confirm } from "../../confirm.ts";

export const pruneNetworksCommand: Command = {
  usage: "prune [OPTIONS]",
  summary: "Remove all unused networks",
  flags: [
    { name: "filter", kind: "filter", help: 'Provide filter values (e.g. "until=<timestamp>")' },
    { name: "force", short: "f", kind: "bool", help: "Do not prompt for confirmation" },
  ],
  args: { least: 0, most: 0 },
  run: async (cli, { flags }) => {
    const question =
      "WARNING! This will remove all custom networks not used by at least one container.\nAre you sure you want to continue?";
    if (!flags.bool("force") && !(await confirm(cli, question))) return 0;
    const { NetworksDeleted } = await cli.client.networks.prune({ filters: flags.filters("filter") });
    const deleted = NetworksDeleted ?? [];
    if (deleted.length > 0) await cli.out.write(`Deleted Networks:\n${deleted.join("\n")}\n\n`);
    return 0;
  },
};
