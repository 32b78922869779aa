import type { Command } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { pullImage } from "./pull-image.ts";
import { splitReference } from "./reference.ts";

export const pullCommand: Command = {
  usage: "pull [OPTIONS] NAME[:TAG|@DIGEST]",
  summary: "Download an image from a registry",
  flags: [
    { name: "all-tags", short: "a", kind: "bool", help: "Download all tagged images in the repository" },
    { name: "platform", kind: "string", help: "Set platform if server is multi-platform capable" },
    { name: "quiet", short: "q", kind: "bool", help: "Suppress verbose output" },
  ],
  args: { least: 1, most: 1 },
  run: async (cli, { flags, args: [name = ""] }) => {
    const quiet = flags.bool("quiet");
    const { repository, tag } = splitReference(name);
    const allTags = flags.bool("all-tags");
    if (allTags && tag !== undefined) throw new ExitError(1, "tag can't be used with --all-tags/-a");
    if (tag === undefined && !allTags && !quiet) await cli.out.write("Using default tag: latest\n");
    await pullImage(cli, name, {
      out: quiet ? undefined : cli.out,
      platform: flags.find("platform"),
      allTags,
    });
    await cli.out.write(
      `${/[/.]/.test(repository) ? "" : "docker.io/library/"}${tag || allTags ? name : `${name}:latest`}\n`,
    );
    return 0;
  },
};
