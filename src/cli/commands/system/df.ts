import { formatBytes, shortID } from "../../../base/index.ts";
import type { DiskUsageResponse } from "../../../wire/index.ts";
import type { Command } from "../../cli.ts";
import { ago, alignTable, ellipsis, printListing, type Row } from "../../listing/index.ts";

export const diskUsageCommand: Command = {
  usage: "df [OPTIONS]",
  summary: "Show disk usage",
  flags: [
    { name: "format", kind: "string", help: "Format output using a Go template, `json` or `table`" },
    { name: "verbose", short: "v", kind: "bool", help: "Show detailed information on space usage" },
  ],
  args: { least: 0, most: 0 },
  run: async (cli, { flags }) => {
    const usage = await cli.client.system.diskUsage();
    if (flags.bool("verbose")) {
      await cli.out.write(verboseText(usage) + budgetText(usage));
      return 0;
    }
    const format = flags.find("format");
    await printListing(cli.out, summaryRows(usage), {
      format,
      table: "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
      headings: {
        Type: "TYPE",
        TotalCount: "TOTAL",
        Active: "ACTIVE",
        Size: "SIZE",
        Reclaimable: "RECLAIMABLE",
      },
      type: "diskUsageContext",
    });
    if (format === undefined || format === "table") await cli.out.write(budgetText(usage));
    return 0;
  },
};

/** How much of the disk budget is spent, where there is one. */
function budgetText({ DiskBudget }: DiskUsageResponse): string {
  if (!DiskBudget) return "";
  const { Limit, Used } = DiskBudget;
  const percent = Math.trunc((Used / Limit) * 100);
  return `\nDisk budget for images and build cache: ${formatBytes(Used, 4)} of ${formatBytes(Limit, 4)} (${percent}%)\n`;
}

interface Kind {
  readonly name: string;
  readonly total: number;
  readonly active: number;
  readonly size: number;
  readonly reclaimable: number;
}

function summaryRows(usage: DiskUsageResponse): Row[] {
  return [images(usage), containers(usage), volumes(usage), cache(usage)].map((kind) => {
    const percent = kind.size > 0 ? ` (${Math.trunc((kind.reclaimable / kind.size) * 100)}%)` : "";
    return {
      Type: kind.name,
      TotalCount: String(kind.total),
      Active: String(kind.active),
      Size: formatBytes(kind.size, 4),
      Reclaimable: `${formatBytes(kind.reclaimable, 4)}${kind.name === "Build Cache" ? "" : percent}`,
    };
  });
}

function images({ Images, LayersSize }: DiskUsageResponse): Kind {
  const all = Images ?? [];
  const used = all.filter((image) => image.Containers > 0);
  const held = used.reduce((total, image) => total + image.Size - Math.max(0, image.SharedSize), 0);
  const reclaimable = Math.max(0, LayersSize - held);
  return { name: "Images", total: all.length, active: used.length, size: LayersSize, reclaimable };
}

function containers({ Containers }: DiskUsageResponse): Kind {
  const all = Containers ?? [];
  const active = all.filter(({ State }) => ["running", "paused", "restarting"].includes(State));
  const sum = (some: typeof all) => some.reduce((total, { SizeRw = 0 }) => total + SizeRw, 0);
  const size = sum(all);
  return {
    name: "Containers",
    total: all.length,
    active: active.length,
    size,
    reclaimable: size - sum(active),
  };
}

function volumes({ Volumes }: DiskUsageResponse): Kind {
  const all = Volumes ?? [];
  const used = all.filter(({ UsageData }) => (UsageData?.RefCount ?? 0) > 0);
  const sum = (some: typeof all) =>
    some.reduce((total, { UsageData }) => total + Math.max(0, UsageData?.Size ?? 0), 0);
  const size = sum(all);
  return {
    name: "Local Volumes",
    total: all.length,
    active: used.length,
    size,
    reclaimable: size - sum(used),
  };
}

function cache({ BuildCache }: DiskUsageResponse): Kind {
  const all = BuildCache ?? [];
  const used = all.filter(({ InUse }) => InUse);
  const sum = (some: typeof all) => some.reduce((total, { Size, Shared }) => total + (Shared ? 0 : Size), 0);
  const size = sum(all);
  return { name: "Build Cache", total: all.length, active: used.length, size, reclaimable: size - sum(used) };
}

function verboseText(usage: DiskUsageResponse): string {
  const imageLines = (usage.Images ?? []).map((image) => {
    const [name = "<none>:<none>"] = image.RepoTags ?? [];
    const shared = Math.max(0, image.SharedSize);
    const sizes = [formatBytes(image.Size), formatBytes(shared, 4), formatBytes(image.Size - shared, 4)];
    const colon = name.lastIndexOf(":");
    const parts = [name.slice(0, colon), name.slice(colon + 1), shortID(image.Id), ago(image.Created)];
    return [...parts, ...sizes, String(Math.max(0, image.Containers))].join("\t");
  });
  const containerLines = (usage.Containers ?? []).map((container) =>
    [
      shortID(container.Id),
      container.Image,
      JSON.stringify(ellipsis(container.Command, 20)),
      String((container.Mounts ?? []).filter((mount) => mount.Type === "volume").length),
      formatBytes(container.SizeRw ?? 0, 4),
      ago(container.Created),
      container.Status,
      container.Names.map((name) => name.replace(/^\//, "")).join(","),
    ].join("\t"),
  );
  const volumeLines = (usage.Volumes ?? []).map((volume) =>
    [volume.Name, String(volume.UsageData?.RefCount ?? 0), formatBytes(volume.UsageData?.Size ?? 0, 4)].join(
      "\t",
    ),
  );
  const cacheLines = (usage.BuildCache ?? []).map((item) =>
    [
      shortID(item.ID),
      item.Type,
      formatBytes(item.Size, 4),
      timeAgo(item.CreatedAt),
      timeAgo(item.LastUsedAt),
      String(item.UsageCount ?? 0),
      String(item.Shared),
    ].join("\t"),
  );
  return [
    section(
      "Images",
      "REPOSITORY\tTAG\tIMAGE ID\tCREATED\tSIZE\tSHARED SIZE\tUNIQUE SIZE\tCONTAINERS",
      imageLines,
    ),
    section(
      "Containers",
      "CONTAINER ID\tIMAGE\tCOMMAND\tLOCAL VOLUMES\tSIZE\tCREATED\tSTATUS\tNAMES",
      containerLines,
    ),
    section("Local Volumes", "VOLUME NAME\tLINKS\tSIZE", volumeLines),
    `Build cache usage: ${formatBytes(cache(usage).size, 4)}\n\n${alignTable([cacheHeading, ...cacheLines])}`,
  ].join("\n");
}

const cacheHeading = "CACHE ID\tCACHE TYPE\tSIZE\tCREATED\tLAST USED\tUSAGE\tSHARED";

function timeAgo(time: string | null | undefined): string {
  return time ? ago(Date.parse(time) / 1000) : "";
}

function section(title: string, heading: string, lines: readonly string[]): string {
  return `${title} space usage:\n\n${alignTable([heading, ...lines])}`;
}
