import type { Volume } from "../../../wire/index.ts";
import type { Command } from "../../cli.ts";
import { chosenFormat } from "../../config-format.ts";
import { labelOf, labelText, printListing, type Row } from "../../listing/index.ts";

export const listVolumesCommand: Command = {
  usage: "ls [OPTIONS]",
  summary: "List volumes",
  flags: [
    { name: "filter", short: "f", kind: "filter", help: 'Provide filter values (e.g. "dangling=true")' },
    {
      name: "format",
      kind: "string",
      help: "Format output using a Go template, `json`, `table` or `table TEMPLATE`",
    },
    { name: "quiet", short: "q", kind: "bool", help: "Only display volume names" },
  ],
  args: { least: 0, most: 0 },
  run: async (cli, { flags }) => {
    const { Volumes, Warnings } = await cli.client.volumes.list({ filters: flags.filters("filter") });
    const sorted = [...(Volumes ?? [])].sort((a, b) => (a.Name < b.Name ? -1 : 1));
    for (const warning of Warnings ?? []) await cli.err.write(`WARNING: ${warning}\n`);
    const format = await chosenFormat(cli, flags, "volumesFormat");
    const plain = !flags.find("format") || format === "table";
    await printListing(cli.out, sorted.map(volumeRow), {
      format: flags.bool("quiet") && plain ? "{{.Name}}" : format,
      table: "{{.Driver}}\t{{.Name}}",
      headings: {
        Name: "VOLUME NAME",
        Driver: "DRIVER",
        Scope: "SCOPE",
        Mountpoint: "MOUNTPOINT",
        Labels: "LABELS",
        Size: "SIZE",
        Links: "LINKS",
        Status: "STATUS",
        Availability: "AVAILABILITY",
        Group: "GROUP",
      },
      type: "volumeContext",
      runError: "template parsing error",
    });
    return 0;
  },
};

/** A volume as a line of `volume ls`. */
export function volumeRow(volume: Volume): Row {
  return {
    Name: volume.Name,
    Driver: volume.Driver,
    Scope: volume.Scope,
    Mountpoint: volume.Mountpoint,
    Labels: labelText(volume.Labels),
    Label: labelOf(volume.Labels),
    Size: "N/A",
    Links: "N/A",
    Status: "N/A",
    Availability: "N/A",
    Group: "N/A",
  };
}
