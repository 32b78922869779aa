import type { Command } from "../../cli.ts";
import { ExitError, explain } from "../../exit.ts";

export const renameCommand: Command = {
  usage: "rename CONTAINER NEW_NAME",
  summary: "Rename a container",
  flags: [],
  args: { least: 2, most: 2 },
  run: async (cli, { args: [from = "", to = ""] }) => {
    if (from.trim() === "" || to.trim() === "") {
      throw new ExitError(1, "Error: Neither old nor new names may be empty");
    }
    await cli.client.containers.rename(from, to).catch((error: unknown) => {
      throw new ExitError(1, `${explain(error)}\nError: failed to rename container named ${from}`);
    });
    return 0;
  },
};
