import type { RegistryManifest } from "../../../wire/index.ts";
import type { Command } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { fullReference } from "../../registry/index.ts";
import { fetchManifest, isIndex } from "./find-manifest.ts";
import { findStored, readList, writeStored } from "./store.ts";

export const createManifestCommand: Command = {
  usage: "create MANIFEST_LIST MANIFEST [MANIFEST...]",
  summary: "Create a local manifest list for annotating and pushing to a registry",
  flags: [
    { name: "amend", short: "a", kind: "bool", help: "Amend an existing manifest list" },
    { name: "insecure", kind: "bool", help: "Allow communication with an insecure registry" },
  ],
  args: { least: 2 },
  run: async (cli, { flags, args: [name = "", ...names] }) => {
    const list = fullReference(name);
    const exists = (await readList(cli, list)) !== undefined;
    if (exists && !flags.bool("amend")) {
      throw new ExitError(1, "refusing to amend an existing manifest list with no --amend flag");
    }
    const found: RegistryManifest[] = [];
    for (const reference of names.map(fullReference)) {
      const stored = await findStored(cli, list, reference);
      const manifest = stored ?? (await fetchManifest(cli, reference, flags.bool("insecure")));
      if (isIndex(manifest)) throw new ExitError(1, `${reference} is a manifest list`);
      found.push({ ...manifest, Ref: reference });
    }
    await writeStored(cli, list, found);
    await cli.out.write(`Created manifest list ${list}\n`);
    return 0;
  },
};
