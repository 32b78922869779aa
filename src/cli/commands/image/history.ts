import { formatBytes, shortID } from "../../../base/index.ts";
import type { ImageHistoryItem } from "../../../wire/index.ts";
import type { Command } from "../../cli.ts";
import { ago, ellipsis, printListing, type Row } from "../../listing/index.ts";

export const historyCommand: Command = {
  usage: "history [OPTIONS] IMAGE",
  summary: "Show the history of an image",
  flags: [
    {
      name: "format",
      kind: "string",
      help: "Format output using a Go template, `json`, `table` or `table TEMPLATE`",
    },
    {
      name: "human",
      short: "H",
      kind: "bool",
      default: "true",
      help: "Print sizes and dates in human readable format",
    },
    { name: "no-trunc", kind: "bool", help: "Don't truncate output" },
    {
      name: "platform",
      kind: "string",
      help: 'Show history for the given platform. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    },
    { name: "quiet", short: "q", kind: "bool", help: "Only show image IDs" },
  ],
  args: { least: 1, most: 1 },
  run: async (cli, { flags, args: [name = ""] }) => {
    const items = await cli.client.images.history(name, { platform: flags.find("platform") });
    const how = { full: flags.bool("no-trunc"), human: flags.bool("human") };
    if (flags.bool("quiet")) {
      await cli.out.write(items.map((item) => `${imageID(item, how.full)}\n`).join(""));
      return 0;
    }
    const columns = ["ID", "CreatedSince", "CreatedBy", "Size", "Comment"];
    await printListing(
      cli.out,
      items.map((item) => historyRow(item, how)),
      {
        format: flags.find("format"),
        table: columns.map((column) => `{{.${column}}}`).join("\t"),
        headings: {
          ID: "IMAGE",
          CreatedSince: how.human ? "CREATED" : "CREATED AT",
          CreatedAt: "CREATED AT",
          CreatedBy: "CREATED BY",
          Size: "SIZE",
          Comment: "COMMENT",
        },
        type: "historyContext",
      },
    );
    return 0;
  },
};

function historyRow(item: ImageHistoryItem, how: { full: boolean; human: boolean }): Row {
  const command = item.CreatedBy.replaceAll("\t", " ");
  const created = new Date(item.Created * 1000).toISOString().replace(/\.\d+Z$/, "Z");
  return {
    ID: imageID(item, how.full),
    CreatedSince: how.human ? ago(item.Created) : created,
    CreatedAt: created,
    CreatedBy: how.full ? command : ellipsis(command, 45),
    Size: how.human ? formatBytes(item.Size) : String(item.Size),
    Comment: item.Comment,
  };
}

function imageID({ Id }: ImageHistoryItem, full: boolean): string {
  return full ? Id : shortID(Id);
}
