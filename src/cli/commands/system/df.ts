import { formatBytes } from "../../../base/index.ts";
import type { DiskUsageResponse } from "../../../wire/index.ts";
import type { Cli, Command } from "../../cli.ts";
import { typedTemplate } from "../../inspect.ts";
import { printListing, type Row } from "../../listing/index.ts";
import { verboseData, verboseText } from "./df-verbose.ts";

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
    const format = flags.find("format");
    if (flags.bool("verbose")) return await printVerbose(cli, usage, format);
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

async function printVerbose(cli: Cli, usage: DiskUsageResponse, format: string | undefined): Promise<number> {
  if (format === undefined || format === "table") {
    await cli.out.write(verboseText(usage, cache(usage).size) + budgetText(usage));
    return 0;
  }
  const template = typedTemplate(format, { type: "*formatter.diskUsageContext", runError: "" });
  // Docker ends this one output of all without a new line.
  await cli.out.write(template.run(verboseData(usage)));
  return 0;
}

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
