import type { Command } from "../../cli.ts";
import { splitReference } from "../image/reference.ts";

export const commitCommand: Command = {
  usage: "commit [OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
  summary: "Create a new image from a container's changes",
  flags: [
    {
      name: "author",
      short: "a",
      kind: "string",
      help: 'Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")',
    },
    { name: "change", short: "c", kind: "list", help: "Apply Dockerfile instruction to the created image" },
    { name: "message", short: "m", kind: "string", help: "Commit message" },
    { name: "pause", short: "p", kind: "bool", default: "true", help: "Pause container during commit" },
  ],
  args: { least: 1, most: 2 },
  run: async (cli, { flags, args: [name = "", reference] }) => {
    const { repository, tag } = splitReference(reference ?? "");
    const { Id } = await cli.client.system.commit(name, {
      repository: repository || undefined,
      tag,
      comment: flags.find("message"),
      author: flags.find("author"),
      changes: flags.list("change"),
      pause: flags.bool("pause"),
    });
    await cli.out.write(`${Id}\n`);
    return 0;
  },
};
