import { label } from "../../../compose/index.ts";
import type { ContainerSummary, PortSummary } from "../../../wire/index.ts";
import type { FlagValues } from "../../flags/index.ts";
import { ago, ellipsis, goTime, labelText, portText, printListing, type Row } from "../../listing/index.ts";
import type { Compose, ComposeCommand } from "./compose-command.ts";
import { labelOf, nameOf, requireServices, summariesOf } from "./containers.ts";
import { quietFlag } from "./flags.ts";

export const psVerb: ComposeCommand = {
  usage: "ps [OPTIONS] [SERVICE...]",
  summary: "List containers",
  flags: [
    {
      name: "all",
      short: "a",
      kind: "bool",
      help: "Show all stopped containers (including those created by the run command)",
    },
    {
      name: "filter",
      kind: "filter",
      type: "string",
      help: "Filter services by a property (supported filters: status)",
    },
    {
      name: "format",
      kind: "string",
      default: "table",
      help: "Format output (table, json or a Go template)",
    },
    { name: "no-trunc", kind: "bool", help: "Don't truncate output" },
    {
      name: "orphans",
      kind: "bool",
      default: "true",
      help: "Include orphaned services (not declared by project)",
    },
    quietFlag("Only display IDs"),
    { name: "services", kind: "bool", help: "Display services" },
    {
      name: "status",
      kind: "list",
      type: "stringArray",
      help: "Filter services by status. Values: [paused | restarting | removing | running | dead | created | exited]",
    },
  ],
  args: { least: 0 },
  run: async (compose, { flags, args }) => {
    const rows = await chosen(compose, flags, args);
    const { out } = compose.cli;
    if (flags.bool("quiet")) {
      for (const { Id } of rows) await out.write(`${Id}\n`);
      return 0;
    }
    if (flags.bool("services")) {
      const services = new Set(rows.map((row) => labelOf(row, "service")));
      for (const service of services) await out.write(`${service}\n`);
      return 0;
    }
    if (flags.text("format") === "json") {
      for (const row of rows) await out.write(`${JSON.stringify(jsonOf(row))}\n`);
      return 0;
    }
    await printListing(
      out,
      rows.map((row) => listingRow(row, !flags.bool("no-trunc"))),
      {
        format: flags.text("format"),
        table: "{{.Name}}\t{{.Image}}\t{{.Command}}\t{{.Service}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}",
        headings: {
          Name: "NAME",
          Image: "IMAGE",
          Command: "COMMAND",
          Service: "SERVICE",
          RunningFor: "CREATED",
          Status: "STATUS",
          Ports: "PORTS",
          ID: "CONTAINER ID",
          State: "STATE",
          Project: "PROJECT",
          Names: "NAMES",
          Labels: "LABELS",
        },
        type: "ContainerContext",
      },
    );
    return 0;
  },
};

async function chosen(
  compose: Compose,
  flags: FlagValues,
  services: readonly string[],
): Promise<ContainerSummary[]> {
  const { name, project } = await compose.find();
  const states = [...flags.list("status"), ...(flags.filters("filter").status ?? [])];
  const all = await summariesOf(compose, name, true);
  const known =
    project === undefined ? undefined : new Set([...project.services.keys(), ...project.disabled]);
  requireServices(services, [...(known ?? []), ...all.map((row) => labelOf(row, "service"))]);
  return all.filter((row) => {
    const service = labelOf(row, "service");
    if (services.length > 0 && !services.includes(service)) return false;
    if (!flags.bool("orphans") && known && !known.has(service)) return false;
    if (states.length > 0) return states.includes(row.State);
    if (flags.bool("all")) return true;
    return labelOf(row, "oneoff") !== "True" && ["running", "paused", "restarting"].includes(row.State);
  });
}

function listingRow(row: ContainerSummary, truncate: boolean): Row {
  return {
    ID: truncate ? row.Id.slice(0, 12) : row.Id,
    Name: nameOf(row),
    Names: nameOf(row),
    Image: row.Image,
    Command: JSON.stringify(truncate ? ellipsis(row.Command, 20) : row.Command),
    Service: labelOf(row, "service"),
    Project: labelOf(row, "project"),
    RunningFor: ago(row.Created),
    Status: row.Status,
    State: row.State,
    Ports: portText(row.Ports),
    Labels: labelText(row.Labels),
  };
}

function jsonOf(row: ContainerSummary): Record<string, unknown> {
  const exit = /^Exited \((\d+)\)/.exec(row.Status)?.[1];
  return {
    Command: JSON.stringify(row.Command),
    CreatedAt: goTime(row.Created),
    ExitCode: Number(exit ?? 0),
    Health: /\((healthy|unhealthy|health: starting)\)/.exec(row.Status)?.[1]?.replace("health: ", "") ?? "",
    ID: row.Id.slice(0, 12),
    Image: row.Image,
    Labels: labelText(row.Labels),
    LocalVolumes: String((row.Mounts ?? []).filter(({ Driver }) => Driver === "local").length),
    Mounts: (row.Mounts ?? []).map(({ Name, Source }) => Name ?? Source).join(","),
    Name: nameOf(row),
    Names: nameOf(row),
    Networks: Object.keys(row.NetworkSettings?.Networks ?? {}).join(","),
    Ports: portText(row.Ports),
    Project: row.Labels?.[label.project] ?? "",
    Publishers: row.Ports.map(publisher),
    RunningFor: ago(row.Created),
    Service: labelOf(row, "service"),
    Size: "0B",
    State: row.State,
    Status: row.Status,
  };
}

function publisher({ IP = "", PrivatePort, PublicPort = 0, Type }: PortSummary): Record<string, unknown> {
  return { URL: IP, TargetPort: PrivatePort, PublishedPort: PublicPort, Protocol: Type };
}
