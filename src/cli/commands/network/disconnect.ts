import type { Command } from "../../cli.ts";

export const disconnectCommand: Command = {
  usage: "disconnect [OPTIONS] NETWORK CONTAINER",
  summary: "Disconnect a container from a network",
  flags: [
    { name: "force", short: "f", kind: "bool", help: "Force the container to disconnect from a network" },
  ],
  args: { least: 2, most: 2 },
  run: async (cli, { flags, args: [network = "", container = ""] }) => {
    await cli.client.networks.disconnect(network, container, { force: flags.bool("force") });
    return 0;
  },
};
