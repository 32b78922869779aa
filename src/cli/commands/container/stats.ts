import { formatBytes, shortID } from "../../../base/index.ts";
import type { StatsResponse } from "../../../wire/index.ts";
import type { Cli, Command, Invocation } from "../../cli.ts";
import { chosenFormat } from "../../config-format.ts";
import { type ListingOptions, type Row, renderListing } from "../../listing/index.ts";

export const statsCommand: Command = {
  usage: "stats [OPTIONS] [CONTAINER...]",
  summary: "Display a live stream of container(s) resource usage statistics",
  flags: [
    { name: "all", short: "a", kind: "bool", help: "Show all containers (default shows just running)" },
    {
      name: "format",
      kind: "string",
      help: "Format output using a Go template, `json`, `table` or `table TEMPLATE`",
    },
    { name: "no-stream", kind: "bool", help: "Disable streaming stats and only pull the first result" },
    { name: "no-trunc", kind: "bool", help: "Do not truncate output" },
  ],
  args: { least: 0 },
  run,
};

async function run(cli: Cli, { flags, args }: Invocation): Promise<number> {
  const names = args.length > 0 ? args : await running(cli, flags.bool("all"));
  const how = { format: await chosenFormat(cli, flags, "statsFormat"), full: flags.bool("no-trunc") };
  if (flags.bool("no-stream")) {
    const rows = await Promise.all(names.map((name) => once(cli, name, how.full)));
    await cli.out.write(renderListing(rows, listing(how.format)));
    return 0;
  }
  await follow(cli, names, how);
  return 0;
}

async function running(cli: Cli, all: boolean): Promise<string[]> {
  return (await cli.client.containers.list({ all })).map((container) => container.Id);
}

async function once(cli: Cli, name: string, full: boolean): Promise<Row> {
  for await (const stats of cli.client.containers.stats(name, { stream: false })) {
    return statsRow(name, stats, full);
  }
  return statsRow(name, undefined, full);
}

interface How {
  readonly format: string | undefined;
  readonly full: boolean;
}

/** Shows the newest values of all whenever one of them comes. */
async function follow(cli: Cli, names: readonly string[], how: How): Promise<void> {
  const rows = new Map(names.map((name): [string, Row] => [name, statsRow(name, undefined, how.full)]));
  const screen = (await cli.out.terminal()) && how.format === undefined;
  const show = () => {
    const text = renderListing([...rows.values()], listing(how.format));
    return cli.out.write(screen ? `\u001b[H\u001b[J${text}` : text);
  };
  await show();
  await Promise.all(
    names.map(async (name) => {
      for await (const stats of cli.client.containers.stats(name)) {
        rows.set(name, statsRow(name, stats, how.full));
        await show();
      }
      rows.delete(name);
    }),
  );
}

function listing(format: string | undefined): ListingOptions {
  const columns = ["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"];
  return {
    format,
    table: columns.map((name) => `{{.${name}}}`).join("\t"),
    headings: {
      Container: "CONTAINER",
      ID: "CONTAINER ID",
      Name: "NAME",
      CPUPerc: "CPU %",
      MemUsage: "MEM USAGE / LIMIT",
      MemPerc: "MEM %",
      NetIO: "NET I/O",
      BlockIO: "BLOCK I/O",
      PIDs: "PIDS",
    },
    type: "container.statsContext",
    runError: "template parsing error",
  };
}

function statsRow(container: string, stats: StatsResponse | undefined, full: boolean): Row {
  if (!stats) {
    const none = { CPUPerc: "--", MemUsage: "-- / --", MemPerc: "--", NetIO: "-- / --", BlockIO: "-- / --" };
    return { Container: container, ID: idText(container, full), Name: "--", ...none, PIDs: "--" };
  }
  const { usage = 0, limit = 0 } = memory(stats);
  return {
    Container: container,
    ID: idText(stats.id || container, full),
    Name: (stats.name ?? "").replace(/^\//, ""),
    CPUPerc: `${cpuPercent(stats).toFixed(2)}%`,
    MemUsage: `${binaryBytes(usage)} / ${binaryBytes(limit)}`,
    MemPerc: `${(limit === 0 ? 0 : (usage / limit) * 100).toFixed(2)}%`,
    NetIO: netText(stats),
    BlockIO: blockText(stats),
    PIDs: String(stats.pids_stats?.current ?? 0),
  };
}

function idText(id: string, full: boolean): string {
  return full ? id : shortID(id);
}

/** Docker's figure: usage without the page cache that can go at once. */
function memory({ memory_stats: { usage = 0, limit = 0, stats = {} } }: StatsResponse) {
  const cache = stats.total_inactive_file ?? stats.inactive_file ?? 0;
  return { usage: cache < usage ? usage - cache : usage, limit };
}

function cpuPercent({ cpu_stats: now, precpu_stats: before }: StatsResponse): number {
  const own = now.cpu_usage.total_usage - (before?.cpu_usage?.total_usage ?? 0);
  const system = (now.system_cpu_usage ?? 0) - (before?.system_cpu_usage ?? 0);
  const cpus = now.online_cpus || now.cpu_usage.percpu_usage?.length || 1;
  return own > 0 && system > 0 ? (own / system) * cpus * 100 : 0;
}

function netText({ networks = {} }: StatsResponse): string {
  const all = Object.values(networks);
  const sum = (key: "rx_bytes" | "tx_bytes") => all.reduce((total, one) => total + one[key], 0);
  return `${formatBytes(sum("rx_bytes"))} / ${formatBytes(sum("tx_bytes"))}`;
}

function blockText({ blkio_stats }: StatsResponse): string {
  const entries = blkio_stats?.io_service_bytes_recursive ?? [];
  const sum = (op: string) =>
    entries.filter((entry) => entry.op.toLowerCase() === op).reduce((total, entry) => total + entry.value, 0);
  return `${formatBytes(sum("read"))} / ${formatBytes(sum("write"))}`;
}

/** `1.5MiB`: powers of 1024, four significant digits, as `docker stats` shows memory. */
function binaryBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number(value.toPrecision(4))}${units[unit]}`;
}
