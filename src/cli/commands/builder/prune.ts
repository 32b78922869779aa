import { formatBytes } from "../../../base/index.ts";
import type { Command } from "../../cli.ts";
import { confirm } from "../../confirm.ts";

export const pruneBuilderCommand: Command = {
  usage: "prune [OPTIONS]",
  summary: "Remove build cache",
  flags: [
    { name: "all", short: "a", kind: "bool", help: "Remove all unused build cache, not just dangling ones" },
    { name: "filter", kind: "filter", help: 'Provide filter values (e.g. "until=24h")' },
    { name: "force", short: "f", kind: "bool", help: "Do not prompt for confirmation" },
    { name: "keep-storage", kind: "bytes", help: "Amount of disk space to keep for cache" },
  ],
  args: { least: 0, most: 0 },
  run: async (cli, { flags }) => {
    const all = flags.bool("all");
    const what = all ? "all build cache" : "all dangling build cache";
    const question = `WARNING! This will remove ${what}.\nAre you sure you want to continue?`;
    if (!flags.bool("force") && !(await confirm(cli, question))) return 0;
    const { CachesDeleted, SpaceReclaimed } = await cli.client.builds.prune({
      all,
      filters: flags.filters("filter"),
      keepStorage: flags.has("keep-storage") ? flags.bytes("keep-storage") : undefined,
    });
    const deleted = CachesDeleted ?? [];
    const list = deleted.length > 0 ? `Deleted build cache objects:\n${deleted.join("\n")}\n\n` : "";
    await cli.out.write(`${list}Total reclaimed space: ${formatBytes(SpaceReclaimed, 4)}\n`);
    return 0;
  },
};
