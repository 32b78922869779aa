import { failOnError } from "../../../client/index.ts";
import type { Command } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { showProgress } from "../../progress/index.ts";
import { splitReference } from "./reference.ts";

export const pushCommand: Command = {
  usage: "push [OPTIONS] NAME[:TAG]",
  summary: "Upload an image to a registry",
  flags: [
    { name: "all-tags", short: "a", kind: "bool", help: "Push all tags of an image to the repository" },
    {
      name: "platform",
      kind: "string",
      help: "Push a platform-specific manifest as a single-platform image to the registry. Image index won't be pushed, meaning that other manifests, including attestations won't be preserved. 'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
    },
    { name: "quiet", short: "q", kind: "bool", help: "Suppress verbose output" },
  ],
  args: { least: 1, most: 1 },
  run: async (cli, { flags, args: [name = ""] }) => {
    const { repository, tag } = splitReference(name);
    const allTags = flags.bool("all-tags");
    if (allTags && tag !== undefined) throw new ExitError(1, "tag can't be used with --all-tags/-a");
    const chosen = allTags ? undefined : (tag ?? "latest");
    if (tag === undefined && !allTags && !flags.bool("quiet"))
      await cli.out.write("Using default tag: latest\n");
    const platform = flags.find("platform");
    const messages = failOnError(cli.client.images.push(repository, { tag: chosen, platform }));
    if (flags.bool("quiet")) for await (const _ of messages);
    else await showProgress(messages, cli.out);
    if (flags.bool("quiet")) await cli.out.write(`${repository}${chosen ? `:${chosen}` : ""}\n`);
    return 0;
  },
};
