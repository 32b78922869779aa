import type { Command } from "../../cli.ts";
import { splitReference } from "./reference.ts";

export const tagCommand: Command = {
  usage: "tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
  summary: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
  flags: [],
  args: { least: 2, most: 2 },
  run: async (cli, { args: [source = "", target = ""] }) => {
    const { repository, tag } = splitReference(target);
    await cli.client.images.tag(source, { repository, tag: tag ?? "latest" });
    return 0;
  },
};
