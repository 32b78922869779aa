import type { Command } from "../../cli.ts";
import { ago, printListing } from "../../listing/index.ts";

export const listRegistriesCommand: Command = {
  usage: "ls [OPTIONS]",
  summary: "List the registries that the engine serves",
  flags: [
    {
      name: "format",
      kind: "string",
      help: "Format output using a Go template, `json`, `table` or `table TEMPLATE`",
    },
    { name: "quiet", short: "q", kind: "bool", help: "Only display addresses" },
  ],
  args: { least: 0, most: 0 },
  run: async (cli, { flags }) => {
    const rows = (await cli.client.registries.list()).map((served) => ({
      Address: served.Address,
      Access: served.Writable ? "read-write" : "read-only",
      TLS: String(served.Secure),
      Password: String(served.Authenticated),
      Since: ago(Date.parse(served.Since) / 1000),
    }));
    await printListing(cli.out, rows, {
      format: flags.bool("quiet") ? "{{.Address}}" : flags.find("format"),
      table: "{{.Address}}\t{{.Access}}\t{{.TLS}}\t{{.Password}}\t{{.Since}}",
      headings: {
        Address: "ADDRESS",
        Access: "ACCESS",
        TLS: "TLS",
        Password: "PASSWORD",
        Since: "SINCE",
      },
      type: "registryContext",
    });
    return 0;
  },
};
