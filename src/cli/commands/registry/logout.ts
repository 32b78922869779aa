import type { Command } from "../../cli.ts";
import { eraseCredentials, hubKey, serverKey } from "../../registry/index.ts";

export const logoutCommand: Command = {
  usage: "logout [SERVER]",
  summary: "Log out from a registry",
  flags: [],
  args: { least: 0, most: 1 },
  run: async (cli, { args: [server = ""] }) => {
    const key = server === "" ? hubKey : serverKey(server);
    await cli.out.write(`Removing login credentials for ${key}\n`);
    await eraseCredentials(cli, key);
    return 0;
  },
};
