import type { EndpointSettings } from "../../../wire/index.ts";
import type { Command } from "../../cli.ts";
import { compact, keyValues } from "../../run-config/index.ts";

export const connectCommand: Command = {
  usage: "connect [OPTIONS] NETWORK CONTAINER",
  summary: "Connect a container to a network",
  flags: [
    { name: "alias", kind: "strings", help: "Add network-scoped alias for the container" },
    { name: "driver-opt", kind: "strings", help: "driver options for the network" },
    {
      name: "gw-priority",
      kind: "int",
      help: "Highest gw-priority provides the default gateway. Accepts positive and negative values.",
    },
    { name: "ip", kind: "string", help: 'IPv4 address (e.g., "172.30.100.104")' },
    { name: "ip6", kind: "string", help: 'IPv6 address (e.g., "2001:db8::33")' },
    { name: "link", kind: "list", help: "Add link to another container" },
    { name: "link-local-ip", kind: "strings", help: "Add a link-local address for the container" },
  ],
  args: { least: 2, most: 2 },
  run: async (cli, { flags, args: [network = "", container = ""] }) => {
    const priority = flags.int("gw-priority");
    const endpoint = compact<EndpointSettings>({
      IPAMConfig: compact<NonNullable<EndpointSettings["IPAMConfig"]>>({
        IPv4Address: flags.text("ip"),
        IPv6Address: flags.text("ip6"),
        LinkLocalIPs: flags.list("link-local-ip"),
      }),
      Links: flags.list("link"),
      Aliases: flags.list("alias"),
      DriverOpts: keyValues(flags.list("driver-opt")),
      GwPriority: priority === 0 ? undefined : priority,
    });
    await cli.client.networks.connect(network, { Container: container, EndpointConfig: endpoint });
    return 0;
  },
};
