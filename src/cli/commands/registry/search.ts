import type { RegistrySearchResult } from "../../../wire/index.ts";
import type { Command } from "../../cli.ts";
import { ellipsis, printListing, type Row } from "../../listing/index.ts";
import { registryAuth } from "../../registry/index.ts";

const widestDescription = 45;

export const searchCommand: Command = {
  usage: "search [OPTIONS] TERM",
  summary: "Search a registry for images",
  flags: [
    { name: "filter", short: "f", kind: "filter", help: "Filter output based on conditions provided" },
    { name: "format", kind: "string", help: "Pretty-print search using a Go template" },
    { name: "limit", kind: "int", help: "Max number of search results" },
    { name: "no-trunc", kind: "bool", help: "Don't truncate output" },
  ],
  args: { least: 1, most: 1 },
  run: async (cli, { flags, args: [term = ""] }) => {
    const found = await cli.client.distribution.search(term, {
      limit: flags.int("limit"),
      filters: flags.filters("filter"),
      auth: await registryAuth(cli, term),
    });
    const sorted = [...found].sort((a, b) => b.star_count - a.star_count);
    const full = flags.bool("no-trunc");
    await printListing(
      cli.out,
      sorted.map((result) => searchRow(result, full)),
      {
        format: flags.find("format"),
        table: "{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}",
        headings: {
          Name: "NAME",
          Description: "DESCRIPTION",
          StarCount: "STARS",
          IsOfficial: "OFFICIAL",
          IsAutomated: "AUTOMATED",
        },
        type: "searchContext",
      },
    );
    return 0;
  },
};

function searchRow(result: RegistrySearchResult, full: boolean): Row {
  const description = result.description.replaceAll("\n", " ").replaceAll("\r", "");
  return {
    Name: result.name,
    Description: full ? description : ellipsis(description, widestDescription),
    StarCount: String(result.star_count),
    IsOfficial: result.is_official ? "[OK]" : "",
    IsAutomated: result.is_automated ? "[OK]" : "",
  };
}
