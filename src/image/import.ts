import { type Digest, EngineError } from "../base/index.ts";
import { compressLayer, peekCompression } from "../layer/index.ts";
import {
  type Descriptor,
  hostPlatform,
  type ImageConfig,
  mediaTypes,
  type Platform,
  parsePlatform,
} from "../oci/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { discardFresh } from "./discard.ts";
import { recordName } from "./names.ts";
import { putImage } from "./put.ts";
import type { Image } from "./types.ts";
import { unpackRoot } from "./unpack.ts";

export interface ImportOptions {
  readonly reference?: string;
  readonly message?: string;
  readonly config?: ImageConfig["config"];
  readonly platform?: string;
  readonly signal?: AbortSignal;
}

/** See `ImageService.importRoot`. */
export async function importRoot(
  needs: Collaborators,
  archive: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<Image> {
  const references = options.reference === undefined ? [] : [recordName(options.reference)];
  const platform = options.platform ? parsePlatform(options.platform) : hostPlatform();
  using lease = needs.leases.open();
  try {
    const descriptor = await storeLayer(needs, archive, options.signal);
    lease.protect(descriptor.digest);
    const { diffID, chain } = await unpackRoot(needs, descriptor, options);
    lease.protect(chain);
    const config = configOf(diffID, platform, options);
    return await putImage(needs, config, { layers: [{ descriptor, diffID }], references });
  } catch (error) {
    await discardFresh(needs, lease);
    throw error;
  }
}

/** gzip and zstd are kept as they come, anything else is stored as gzip. */
async function storeLayer(
  { content, layers }: Collaborators,
  archive: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<Descriptor> {
  const abort = signal ? { signal } : {};
  const { compression, chunks } = await peekCompression(archive);
  if (compression === "gzip")
    return await content.ingest(chunks, { mediaType: mediaTypes.ociLayerGzip, ...abort });
  if (compression === "zstd")
    return await content.ingest(chunks, { mediaType: mediaTypes.ociLayerZstd, ...abort });
  const layer = compressLayer(layers.decompress(chunks, abort));
  const descriptor = await content.ingest(layer.chunks, { mediaType: mediaTypes.ociLayerGzip, ...abort });
  if (layer.tar().size === 0)
    throw new EngineError("invalid", "Cannot import: the archive is empty", { subject: "archive" });
  return descriptor;
}

function configOf(diffID: Digest, platform: Platform, options: ImportOptions): ImageConfig {
  const created = new Date().toISOString();
  const { os, architecture, variant } = platform;
  return {
    created,
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    config: options.config ?? {},
    rootfs: { type: "layers", diff_ids: [diffID] },
    history: [{ created, comment: options.message ?? "" }],
  };
}
