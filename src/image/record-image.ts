import { type Digest, EngineError } from "../base/index.ts";
import { chainIDs, type Descriptor, type ImageConfig, type Manifest } from "../oci/index.ts";
import type { ChainID } from "../snapshot/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { writeIndex } from "./index-file.ts";
import type { Image } from "./types.ts";

type Needs = Pick<Collaborators, "content" | "snapshots" | "layers" | "records" | "settler">;

/** An image whose parts are all stored. */
export interface Recordable {
  readonly manifest: Manifest;
  readonly manifestDescriptor: Descriptor;
  readonly config: ImageConfig;
  /** Full names that are to point to it. */
  readonly names: readonly string[];
  /** `docker.io/library/redis@sha256:…`, for an image that came from there. */
  readonly repositoryDigest?: string;
  /** Unpacked sizes that are known already, by chainID. */
  readonly sizes?: ReadonlyMap<Digest, number>;
}

/**
 * Records an image and then its names; one that is recorded already only gets the names. Its blobs are on the disk
 * by then, its unpacked layers follow in the background.
 */
export async function recordImage(needs: Needs, what: Recordable): Promise<Image> {
  const { manifest, config, manifestDescriptor } = what;
  const id = manifest.config.digest;
  const chain = chainIDs(config.rootfs.diff_ids);
  await requireStored(needs, manifest, chain);
  const sizes = await layerSizes(needs, chain, what.sizes);
  const top = chain.at(-1);
  needs.records.add(
    id,
    {
      manifest,
      manifestDigest: manifestDescriptor.digest,
      manifestSize: manifestDescriptor.size,
      config,
      ...(top === undefined ? {} : { chainID: top }),
      layerSizes: sizes,
    },
    what.names,
    what.repositoryDigest,
  );
  needs.settler.request(chain);
  await writeIndex(needs);
  const image = needs.records.find(id);
  if (!image) throw new Error(`Image ${id} vanished while it was recorded`);
  return image;
}

async function requireStored(needs: Needs, manifest: Manifest, chain: readonly ChainID[]): Promise<void> {
  for (const { digest } of [manifest.config, ...manifest.layers]) {
    if (!(await needs.content.find(digest))) throw missing("blob", digest);
  }
  for (const one of chain) if (!(await needs.snapshots.has(one))) throw missing("snapshot", one);
}

/** Layers never change: those that another image has too are not measured again. */
async function layerSizes(
  needs: Needs,
  chain: readonly ChainID[],
  measured: ReadonlyMap<Digest, number> = new Map(),
): Promise<readonly number[]> {
  const known = new Map<ChainID, number>(measured);
  for (const image of needs.records.list()) {
    const ids = chainIDs(image.config.rootfs.diff_ids);
    for (const [index, one] of ids.entries()) known.set(one, image.layerSizes[index] ?? 0);
  }
  const sizes: number[] = [];
  for (const one of chain) {
    const size = known.get(one);
    sizes.push(size ?? (await needs.layers.usage(await needs.snapshots.layerDirectory(one))).bytes);
  }
  return sizes;
}

function missing(kind: string, digest: Digest): EngineError {
  return new EngineError("not-found", `Cannot record image: no such ${kind}: ${digest}`, { subject: digest });
}
