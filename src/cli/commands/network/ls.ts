import { shortID } from "../../../base/index.ts";
import type { NetworkInspect } from "../../../wire/index.ts";
import type { Command } from "../../cli.ts";
import { chosenFormat } from "../../config-format.ts";
import { goTime, labelOf, labelText, printListing, type Row } from "../../listing/index.ts";

export const listNetworksCommand: Command = {
  usage: "ls [OPTIONS]",
  summary: "List networks",
  flags: [
    { name: "filter", short: "f", kind: "filter", help: 'Provide filter values (e.g. "driver=bridge")' },
    {
      name: "format",
      kind: "string",
      help: "Format output using a Go template, `json`, `table` or `table TEMPLATE`",
    },
    { name: "no-trunc", kind: "bool", help: "Do not truncate the output" },
    { name: "quiet", short: "q", kind: "bool", help: "Only display network IDs" },
  ],
  args: { least: 0, most: 0 },
  run: async (cli, { flags }) => {
    const networks = await cli.client.networks.list({ filters: flags.filters("filter") });
    const sorted = [...networks].sort((a, b) => (a.Name < b.Name ? -1 : 1));
    const full = flags.bool("no-trunc");
    const format = await chosenFormat(cli, flags, "networksFormat");
    const plain = !flags.find("format") || format === "table";
    await printListing(
      cli.out,
      sorted.map((network) => networkRow(network, full)),
      {
        format: flags.bool("quiet") && plain ? "{{.ID}}" : format,
        table: "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}",
        headings: {
          ID: "NETWORK ID",
          Name: "NAME",
          Driver: "DRIVER",
          Scope: "SCOPE",
          IPv4: "IPV4",
          IPv6: "IPV6",
          Internal: "INTERNAL",
          Labels: "LABELS",
          CreatedAt: "CREATED AT",
        },
        type: "network.networkContext",
        runError: "template parsing error",
      },
    );
    return 0;
  },
};

function networkRow(network: NetworkInspect, full: boolean): Row {
  return {
    ID: full ? network.Id : shortID(network.Id),
    Name: network.Name,
    Driver: network.Driver,
    Scope: network.Scope,
    IPv4: String(network.EnableIPv4),
    IPv6: String(network.EnableIPv6),
    Internal: String(network.Internal),
    Labels: labelText(network.Labels),
    Label: labelOf(network.Labels),
    CreatedAt: goTime(Date.parse(network.Created) / 1000),
  };
}
