import { type Digest, digestOf, EngineError, isKind } from "../base/index.ts";
import type { Image } from "../image/index.ts";
import {
  choosePlatform,
  type Descriptor,
  familiarName,
  formatReference,
  hostPlatform,
  type Index,
  parseManifest,
  parseManifestOrIndex,
  parseReference,
  withDefaultTag,
} from "../oci/index.ts";
import { RegistryFault } from "./fault.ts";
import { findAndKeep, manifestLimit, type ReadNeeds } from "./read.ts";
import { digestIn } from "./target.ts";
import { keptWhilePushed } from "./types.ts";

/** A manifest on its way in. */
export interface PushedManifest {
  readonly name: string;
  readonly reference: string;
  readonly bytes: Uint8Array;
  readonly mediaType: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Takes a manifest. By tag it becomes an image of the engine: verified, unpacked, named without this registry's
 * host. An index becomes the image of this machine's platform and keeps the others. By digest alone it is stored
 * and waits for the index that names it.
 */
export async function writeManifest(needs: ReadNeeds, pushed: PushedManifest): Promise<Response> {
  const digest = digestOf(pushed.bytes);
  const byDigest = pushed.reference.includes(":");
  if (byDigest && digestIn(pushed.reference) !== digest) {
    throw new RegistryFault("DIGEST_INVALID", "provided digest did not match uploaded content", {
      detail: { digest: pushed.reference },
    });
  }
  const parsed = parseManifestOrIndex(pushed.bytes);
  const stated = parsed.kind === "index" ? parsed.index.mediaType : parsed.manifest.mediaType;
  const mediaType = pushed.mediaType ?? stated;
  if (byDigest) await storeAhead(needs, { ...pushed, mediaType }, digest);
  else await takeStored(needs, nameOf(pushed), { ...pushed, mediaType });
  return new Response(null, {
    status: 201,
    headers: {
      Location: `/v2/${pushed.name}/manifests/${digest}`,
      "Docker-Content-Digest": digest,
      "Content-Length": "0",
    },
  });
}

/** Reads the body of a manifest; throws `SIZE_INVALID` beyond the limit. */
export async function readManifestBody(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > manifestLimit)
      throw new RegistryFault("SIZE_INVALID", `manifest is larger than ${manifestLimit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

type Typed = PushedManifest & { readonly mediaType: string };

async function storeAhead(needs: ReadNeeds, pushed: Typed, digest: Digest): Promise<void> {
  const blobs = await blobsOf(needs, pushed.bytes);
  for (const one of [digest, ...blobs]) needs.images.keep(one, keptWhilePushed);
  await needs.content.put(pushed.bytes, pushed.mediaType);
  needs.indexes.awaits(digest);
}

/** A manifest or index whose parts are stored becomes the image of this full name, as if it had been pushed here. */
export async function takeStored(
  needs: ReadNeeds,
  fullName: string,
  arrived: { readonly bytes: Uint8Array; readonly mediaType: string; readonly signal: AbortSignal },
): Promise<void> {
  const parsed = parseManifestOrIndex(arrived.bytes);
  const digest = digestOf(arrived.bytes);
  if (parsed.kind === "manifest") await takeImage(needs, { ...arrived, fullName }, digest);
  else await takeIndex(needs, { ...arrived, fullName }, { digest, index: parsed.index });
}

/** What is to get a full name. */
interface Named {
  readonly fullName: string;
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly signal: AbortSignal;
}

async function takeImage(needs: ReadNeeds, pushed: Named, digest: Digest): Promise<void> {
  const { fullName } = pushed;
  const image = await adopt(needs, pushed);
  if (image.manifestDigest !== digest) await keepOther(needs, pushed, { fullName, image, digest });
  else needs.indexes.forget(fullName);
  needs.pushed(image, familiarName(fullName));
}

/** The same image under another manifest: that one is kept beside it, so that the tag gives back what was pushed. */
async function keepOther(
  needs: ReadNeeds,
  pushed: Named,
  what: { fullName: string; image: Image; digest: Digest },
): Promise<void> {
  const blobs = await blobsOf(needs, pushed.bytes);
  needs.indexes.put(what.fullName, { digest: what.digest, image: what.image.id, manifests: [], blobs });
}

async function takeIndex(
  needs: ReadNeeds,
  pushed: Named,
  what: { readonly digest: Digest; readonly index: Index },
): Promise<void> {
  const { digest, index } = what;
  const { fullName } = pushed;
  const blobs: Digest[] = [];
  for (const one of index.manifests) {
    needs.images.keep(one.digest, keptWhilePushed);
    blobs.push(...(await blobsOf(needs, await readStored(needs, one))));
  }
  const chosen = chosenOf(index);
  const bytes = await readStored(needs, chosen);
  needs.images.keep(digest, keptWhilePushed);
  await needs.content.put(pushed.bytes, pushed.mediaType);
  const image = await adopt(needs, { ...pushed, bytes, mediaType: chosen.mediaType });
  const manifests = index.manifests.map((one) => one.digest);
  needs.indexes.put(fullName, { digest, image: image.id, manifests, blobs });
  needs.pushed(image, familiarName(fullName));
}

/** The platform that this machine runs, else the first image that is no attestation. */
function chosenOf(index: Index): Descriptor {
  const images = index.manifests.filter(({ platform }) => platform?.os !== "unknown");
  const chosen = choosePlatform(images, hostPlatform()) ?? images[0];
  if (chosen) return chosen;
  throw new RegistryFault("MANIFEST_INVALID", "the index names no image");
}

/** Config and layers of a manifest; all of them must be stored, and are kept for a while. */
async function blobsOf(needs: ReadNeeds, bytes: Uint8Array): Promise<readonly Digest[]> {
  const { config, layers } = parseManifest(bytes);
  const blobs = [config, ...layers];
  for (const { digest } of blobs) {
    if (await findAndKeep(needs, digest, keptWhilePushed)) continue;
    throw new RegistryFault("MANIFEST_BLOB_UNKNOWN", `blob unknown to registry: ${digest}`, {
      detail: { digest },
    });
  }
  return blobs.map(({ digest }) => digest);
}

async function readStored(needs: ReadNeeds, { digest }: Descriptor): Promise<Uint8Array> {
  try {
    return await needs.content.read(digest, manifestLimit);
  } catch (error) {
    if (!isKind(error, "not-found")) throw error;
    throw new RegistryFault("MANIFEST_BLOB_UNKNOWN", `manifest unknown to registry: ${digest}`, {
      detail: { digest },
    });
  }
}

async function adopt(needs: ReadNeeds, { fullName, bytes, mediaType, signal }: Named): Promise<Image> {
  return await needs.images.adopt({ bytes, mediaType }, { references: [fullName], signal });
}

/** `team/app` and `latest` → `docker.io/team/app:latest`; a name that holds its registry keeps it. */
function nameOf({ name, reference }: PushedManifest): string {
  if (!/^\w[\w.-]{0,127}$/.test(reference)) {
    throw new RegistryFault("TAG_INVALID", "manifest tag did not match URI", { detail: { tag: reference } });
  }
  try {
    return formatReference(withDefaultTag(parseReference(`${name}:${reference}`)));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new RegistryFault("NAME_INVALID", error.message, { detail: { name } });
  }
}
