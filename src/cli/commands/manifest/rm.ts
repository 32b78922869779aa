import type { Command } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { fullReference } from "../../registry/index.ts";
import { removeList } from "./store.ts";

export const removeManifestCommand: Command = {
  usage: "rm MANIFEST_LIST [MANIFEST_LIST...]",
  summary: "Delete one or more manifest lists from local storage",
  flags: [],
  args: { least: 1 },
  run: async (cli, { args }) => {
    const missing: string[] = [];
    for (const list of args.map(fullReference)) {
      if (!(await removeList(cli, list))) missing.push(`No such manifest: ${list}`);
    }
    if (missing.length > 0) throw new ExitError(1, missing.join("\n"));
    return 0;
  },
};
