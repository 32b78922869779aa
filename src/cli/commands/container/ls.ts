import type { ContainerSummary } from "../../../wire/index.ts";
import type { Cli, Command, Invocation } from "../../cli.ts";
import { chosenFormat } from "../../config-format.ts";
import { printListing } from "../../listing/index.ts";
import { containerHeadings, containerRow } from "./row.ts";

export const listContainersCommand: Command = {
  usage: "ls [OPTIONS]",
  summary: "List containers",
  flags: [
    { name: "all", short: "a", kind: "bool", help: "Show all containers (default shows just running)" },
    { name: "filter", short: "f", kind: "filter", help: "Filter output based on conditions provided" },
    {
      name: "format",
      kind: "string",
      help: "Format output using a Go template, `json`, `table` or `table TEMPLATE`",
    },
    {
      name: "last",
      short: "n",
      kind: "int",
      default: "-1",
      help: "Show n last created containers (includes all states)",
    },
    {
      name: "latest",
      short: "l",
      kind: "bool",
      help: "Show the latest created container (includes all states)",
    },
    { name: "no-trunc", kind: "bool", help: "Don't truncate output" },
    { name: "quiet", short: "q", kind: "bool", help: "Only display container IDs" },
    { name: "size", short: "s", kind: "bool", help: "Display total file sizes" },
  ],
  args: { least: 0, most: 0 },
  run,
};

async function run(cli: Cli, { flags }: Invocation): Promise<number> {
  if (flags.bool("quiet") && flags.find("format")) {
    await cli.err.write("WARNING: Ignoring custom format, because both --format and --quiet are set.\n");
  }
  const format = flags.bool("quiet") ? undefined : await chosenFormat(cli, flags, "psFormat");
  const last = flags.bool("latest") && (flags.int("last") ?? -1) < 0 ? 1 : (flags.int("last") ?? -1);
  const size = flags.bool("size") || /\.Size\b|json \./.test(format ?? "");
  const found = await cli.client.containers.list({
    all: flags.bool("all") || last > 0,
    limit: last > 0 ? last : undefined,
    size,
    filters: flags.filters("filter"),
  });
  await print(cli, found, {
    format,
    quiet: flags.bool("quiet"),
    full: flags.bool("no-trunc"),
    size: flags.bool("size"),
  });
  return 0;
}

interface Print {
  readonly format: string | undefined;
  readonly quiet: boolean;
  readonly full: boolean;
  readonly size: boolean;
}

async function print(cli: Cli, found: readonly ContainerSummary[], how: Print): Promise<void> {
  const rows = found.map((container) => containerRow(container, how));
  const columns = [
    "ID",
    "Image",
    "Command",
    "RunningFor",
    "Status",
    "Ports",
    "Names",
    ...(how.size ? ["Size"] : []),
  ];
  const table = columns.map((name) => `{{.${name}}}`).join("\t");
  const plain = how.format === undefined || how.format === "table";
  const format = how.quiet && plain ? "{{.ID}}" : how.format;
  await printListing(cli.out, rows, { format, table, headings: containerHeadings, type: "ContainerContext" });
}
