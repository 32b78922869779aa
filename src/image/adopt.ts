import { type Digest, EngineError } from "../base/index.ts";
import { type Descriptor, parseImageConfig, parseManifest } from "../oci/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { discardFresh } from "./discard.ts";
import { recordName } from "./names.ts";
import { recordImage } from "./record-image.ts";
import type { Image } from "./types.ts";
import { unpack } from "./unpack.ts";

/** A manifest as it came: the bytes are kept, so that its digest is the same for whoever gets it from here. */
export interface Arrived {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** See `ImageService.adopt`. */
export async function adoptImage(
  needs: Collaborators,
  arrived: Arrived,
  options: { readonly references: readonly string[]; readonly signal?: AbortSignal },
): Promise<Image> {
  const names = options.references.map(recordName);
  using lease = needs.leases.open();
  try {
    const manifest = parseManifest(arrived.bytes);
    for (const blob of [manifest.config, ...manifest.layers]) lease.protect(blob.digest);
    for (const blob of [manifest.config, ...manifest.layers]) await requireBlob(needs, blob);
    const config = parseImageConfig(await needs.content.read(manifest.config.digest), "image config");
    const manifestDescriptor = await needs.content.put(arrived.bytes, arrived.mediaType);
    lease.protect(manifestDescriptor.digest);
    const diffIDs = config.rootfs.diff_ids;
    await unpack(needs, { layers: manifest.layers, diffIDs }, { lease, signal: options.signal });
    return await recordImage(needs, { manifest, manifestDescriptor, config, names });
  } catch (error) {
    await discardUnpacked(needs, lease);
    throw error;
  }
}

/** Blobs stay for whoever tries again; a stack that was not finished does not. */
async function discardUnpacked(
  needs: Collaborators,
  lease: { readonly since: number; readonly digests: ReadonlySet<Digest> },
): Promise<void> {
  const chains = [...lease.digests].filter((digest) => needs.snapshots.committedAt(digest) !== undefined);
  await discardFresh(needs, { since: lease.since, digests: new Set(chains) });
}

async function requireBlob({ content }: Collaborators, { digest, size }: Descriptor): Promise<void> {
  const found = await content.find(digest);
  if (found?.size === size) return;
  const state = found ? `has ${found.size} bytes, not ${size}` : "is missing";
  throw new EngineError(found ? "invalid" : "not-found", `Cannot record image: blob ${digest} ${state}`, {
    subject: digest,
  });
}
