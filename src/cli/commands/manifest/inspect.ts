import type { ManifestDescriptor, RegistryManifest } from "../../../wire/index.ts";
import type { Cli, Command } from "../../cli.ts";
import { fullReference } from "../../registry/index.ts";
import { fetchManifest, isIndex } from "./find-manifest.ts";
import { indexOf } from "./index-document.ts";
import { findStored, readList, type StoredManifest, withDocument } from "./store.ts";

export const inspectManifestCommand: Command = {
  usage: "inspect [OPTIONS] [MANIFEST_LIST] MANIFEST",
  summary: "Display an image manifest, or manifest list",
  flags: [
    { name: "insecure", kind: "bool", help: "Allow communication with an insecure registry" },
    {
      name: "verbose",
      short: "v",
      kind: "bool",
      help: "Output additional info including layers and platform",
    },
  ],
  args: { least: 1, most: 2 },
  run: async (cli, { flags, args }) => {
    const [first = "", second] = args.map(fullReference);
    const shown = await show(cli, { first, second }, flags.bool("insecure"), flags.bool("verbose"));
    await cli.out.write(`${shown}\n`);
    return 0;
  },
};

async function show(
  cli: Cli,
  { first, second }: { readonly first: string; readonly second: string | undefined },
  insecure: boolean,
  verbose: boolean,
): Promise<string> {
  if (second !== undefined) {
    const stored = await findStored(cli, first, second);
    return showOne(stored ?? withDocument(await fetchManifest(cli, second, insecure)), verbose);
  }
  const list = await readList(cli, first);
  if (list !== undefined) return verbose ? tabbed(list) : indexOf(list).text;
  const found = await fetchManifest(cli, first, insecure);
  if (!isIndex(found)) return showOne(withDocument(found), verbose);
  if (!verbose) return JSON.stringify(documentOf(found), undefined, 3);
  return tabbed(await fetchAll(cli, found, insecure));
}

function showOne(manifest: StoredManifest, verbose: boolean): string {
  return tabbed(verbose ? manifest : documentOf(manifest));
}

/** The manifests of an index, each with the platform that the index names. */
async function fetchAll(cli: Cli, index: RegistryManifest, insecure: boolean): Promise<StoredManifest[]> {
  const all: StoredManifest[] = [];
  for (const descriptor of descriptorsOf(index)) {
    const repository = index.Ref.replace(/(:[^/:@]+)?(@.*)?$/, "");
    const manifest = await fetchManifest(cli, `${repository}@${descriptor.digest}`, insecure);
    const platform = descriptor.platform ?? manifest.Descriptor.platform;
    all.push(
      withDocument({
        ...manifest,
        Ref: `${index.Ref.replace(/@.*$/, "")}@${descriptor.digest}`,
        Descriptor: { ...manifest.Descriptor, ...(platform ? { platform } : {}) },
      }),
    );
  }
  return all;
}

/** The engine has checked the document already. */
function descriptorsOf(index: RegistryManifest): readonly ManifestDescriptor[] {
  const document = documentOf(index);
  if (typeof document !== "object" || document === null || !("manifests" in document)) return [];
  return Array.isArray(document.manifests) ? document.manifests : [];
}

function documentOf(manifest: RegistryManifest): unknown {
  return JSON.parse(Buffer.from(manifest.Raw, "base64").toString("utf8"));
}

function tabbed(value: unknown): string {
  return JSON.stringify(value, undefined, "\t");
}
