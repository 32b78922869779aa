import type { Command } from "../../cli.ts";

const letters = ["C", "A", "D"] as const;

export const diffCommand: Command = {
  usage: "diff CONTAINER",
  summary: "Inspect changes to files or directories on a container's filesystem",
  flags: [],
  args: { least: 1, most: 1 },
  run: async (cli, { args: [name = ""] }) => {
    const changes = await cli.client.containers.changes(name);
    const text = changes.map(({ Kind, Path }) => `${letters[Kind]} ${Path}\n`).join("");
    if (text !== "") await cli.out.write(text);
    return 0;
  },
};
