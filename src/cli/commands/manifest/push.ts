import type { Command } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { fullReference, registryAuth } from "../../registry/index.ts";
import { indexOf } from "./index-document.ts";
import { readList, removeList, type StoredManifest } from "./store.ts";

export const pushManifestCommand: Command = {
  usage: "push [OPTIONS] MANIFEST_LIST",
  summary: "Push a manifest list to a repository",
  flags: [
    { name: "insecure", kind: "bool", help: "Allow push to an insecure registry" },
    { name: "purge", short: "p", kind: "bool", help: "Remove the local manifest list after push" },
  ],
  args: { least: 1, most: 1 },
  run: async (cli, { flags, args: [name = ""] }) => {
    const list = fullReference(name);
    const manifests = (await readList(cli, list)) ?? [];
    if (manifests.length === 0) throw new ExitError(1, `No such manifest: ${list}`);
    manifests.forEach(checkPlatform);
    const { mediaType, text } = indexOf(manifests);
    const { Digest, Pushed } = await cli.client.distribution.pushManifest(
      list,
      {
        MediaType: mediaType,
        Raw: Buffer.from(text).toString("base64"),
        Sources: manifests.map((one) => `${repositoryOf(one.Ref)}@${one.Descriptor.digest}`),
      },
      { auth: await registryAuth(cli, list), insecure: flags.bool("insecure") || undefined },
    );
    for (const digest of Pushed) {
      await cli.out.write(`Pushed ref ${repositoryOf(list)}@${digest} with digest: ${digest}\n`);
    }
    await cli.out.write(`${Digest}\n`);
    if (flags.bool("purge")) await removeList(cli, list);
    return 0;
  },
};

function checkPlatform({ Ref, Descriptor: { platform } }: StoredManifest): void {
  if (platform?.os && platform.architecture) return;
  throw new ExitError(1, `manifest ${Ref} must have an OS and Architecture to be pushed to a registry`);
}

/** The reference without tag and digest. */
function repositoryOf(reference: string): string {
  return reference.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
}
