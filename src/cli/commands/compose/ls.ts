import { label } from "../../../compose/index.ts";
import type { ContainerSummary } from "../../../wire/index.ts";
import { alignTable } from "../../listing/index.ts";
import type { ComposeCommand } from "./compose-command.ts";
import { quietFlag } from "./flags.ts";
import { oneOf } from "./global-flags.ts";

export const lsVerb: ComposeCommand = {
  usage: "ls [OPTIONS]",
  summary: "List running compose projects",
  flags: [
    { name: "all", short: "a", kind: "bool", help: "Show all stopped Compose projects" },
    { name: "filter", kind: "filter", help: "Filter output based on conditions provided" },
    {
      name: "format",
      kind: "string",
      default: "table",
      help: "Format the output. Values: [table | json]",
      check: oneOf("table", "json"),
    },
    quietFlag("Only display project names"),
  ],
  args: { least: 0, most: 0 },
  run: async ({ cli }, { flags }) => {
    const containers = await cli.client.containers.list({ all: true, filters: { label: [label.project] } });
    const names = flags.filters("filter").name;
    const projects = projectsOf(containers)
      .filter(({ running }) => running || flags.bool("all"))
      .filter(({ name }) => names === undefined || names.some((pattern) => new RegExp(pattern).test(name)));
    if (flags.bool("quiet")) await cli.out.write(projects.map(({ name }) => `${name}\n`).join(""));
    else if (flags.text("format") === "json") {
      const rows = projects.map(({ name, status, files }) => ({
        Name: name,
        Status: status,
        ConfigFiles: files,
      }));
      await cli.out.write(`${JSON.stringify(rows)}\n`);
    } else {
      const lines = projects.map(({ name, status, files }) => [name, status, files].join("\t"));
      await cli.out.write(alignTable(["NAME\tSTATUS\tCONFIG FILES", ...lines], { least: 20 }));
    }
    return 0;
  },
};

interface ProjectRow {
  readonly name: string;
  /** `running(2), exited(1)`. */
  readonly status: string;
  readonly files: string;
  readonly running: boolean;
}

function projectsOf(containers: readonly ContainerSummary[]): ProjectRow[] {
  const groups = new Map<string, ContainerSummary[]>();
  for (const container of containers) {
    const name = container.Labels?.[label.project];
    if (name === undefined || container.Labels[label.oneoff] === "True") continue;
    groups.set(name, [...(groups.get(name) ?? []), container]);
  }
  return [...groups]
    .map(([name, own]) => ({
      name,
      status: statusOf(own),
      files: own[0]?.Labels[label.files] ?? "N/A",
      running: own.some(({ State }) => State === "running"),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function statusOf(containers: readonly ContainerSummary[]): string {
  const counts = new Map<string, number>();
  for (const { State } of containers) counts.set(State, (counts.get(State) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([state, count]) => `${state}(${count})`)
    .join(", ");
}
