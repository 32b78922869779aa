import { formatBytes } from "../../../base/index.ts";
import type { Command } from "../../cli.ts";
import { confirm } from "../../confirm.ts";

export const pruneContainersCommand: Command = {
  usage: "prune [OPTIONS]",
  summary: "Remove all stopped containers",
  flags: [
    { name: "filter", kind: "filter", help: 'Provide filter values (e.g. "until=<timestamp>")' },
    { name: "force", short: "f", kind: "bool", help: "Do not prompt for confirmation" },
  ],
  args: { least: 0, most: 0 },
  run: async (cli, { flags }) => {
    const question = "WARNING! This will remove all stopped containers.\nAre you sure you want to continue?";
    if (!flags.bool("force") && !(await confirm(cli, question))) return 0;
    const filters = flags.filters("filter");
    const { ContainersDeleted, SpaceReclaimed } = await cli.client.containers.prune({ filters });
    const deleted = ContainersDeleted ?? [];
    const list = deleted.length > 0 ? `Deleted Containers:\n${deleted.join("\n")}\n\n` : "";
    await cli.out.write(`${list}Total reclaimed space: ${formatBytes(SpaceReclaimed, 4)}\n`);
    return 0;
  },
};
