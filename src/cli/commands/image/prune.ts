import { formatBytes } from "../../../base/index.ts";
import type { ImageDeleteItem } from "../../../wire/index.ts";
import type { Command } from "../../cli.ts";
import { confirm } from "../../confirm.ts";

export const pruneImagesCommand: Command = {
  usage: "prune [OPTIONS]",
  summary: "Remove unused images",
  flags: [
    { name: "all", short: "a", kind: "bool", help: "Remove all unused images, not just dangling ones" },
    { name: "filter", kind: "filter", help: 'Provide filter values (e.g. "until=<timestamp>")' },
    { name: "force", short: "f", kind: "bool", help: "Do not prompt for confirmation" },
  ],
  args: { least: 0, most: 0 },
  run: async (cli, { flags }) => {
    const all = flags.bool("all");
    const what = all ? "all images without at least one container associated to them" : "all dangling images";
    const question = `WARNING! This will remove ${what}.\nAre you sure you want to continue?`;
    if (!flags.bool("force") && !(await confirm(cli, question))) return 0;
    const filters = { ...flags.filters("filter"), dangling: [String(!all)] };
    const { ImagesDeleted, SpaceReclaimed } = await cli.client.images.prune({ filters });
    await cli.out.write(
      `${deletedImages(ImagesDeleted ?? [])}Total reclaimed space: ${formatBytes(SpaceReclaimed, 4)}\n`,
    );
    return 0;
  },
};

/** What a prune removed, as Docker lists it. */
export function deletedImages(items: readonly ImageDeleteItem[]): string {
  if (items.length === 0) return "";
  const lines = items.map((item) =>
    "Untagged" in item ? `untagged: ${item.Untagged}` : `deleted: ${item.Deleted}`,
  );
  return `Deleted Images:\n${lines.join("\n")}\n\n`;
}
