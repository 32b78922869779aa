import { formatBytes } from "../../../base/index.ts";
import type { Command } from "../../cli.ts";
import { confirm } from "../../confirm.ts";

export const pruneVolumesCommand: Command = {
  usage: "prune [OPTIONS]",
  summary: "Remove unused local volumes",
  flags: [
    { name: "all", short: "a", kind: "bool", help: "Remove all unused volumes, not just anonymous ones" },
    { name: "filter", kind: "filter", help: 'Provide filter values (e.g. "label=<label>")' },
    { name: "force", short: "f", kind: "bool", help: "Do not prompt for confirmation" },
  ],
  args: { least: 0, most: 0 },
  run: async (cli, { flags }) => {
    const all = flags.bool("all");
    const what = all ? "all local volumes" : "anonymous local volumes";
    const question = `WARNING! This will remove ${what} not used by at least one container.\nAre you sure you want to continue?`;
    if (!flags.bool("force") && !(await confirm(cli, question))) return 0;
    const filters = { ...flags.filters("filter"), ...(all ? { all: ["true"] } : {}) };
    const { VolumesDeleted, SpaceReclaimed } = await cli.client.volumes.prune({ filters });
    const deleted = VolumesDeleted ?? [];
    const list = deleted.length > 0 ? `Deleted Volumes:\n${deleted.join("\n")}\n\n` : "";
    await cli.out.write(`${list}Total reclaimed space: ${formatBytes(SpaceReclaimed, 4)}\n`);
    return 0;
  },
};
