import { type Digest, isKind } from "../base/index.ts";
import { chainIDs, parseReference } from "../oci/index.ts";
import type { ChainID } from "../snapshot/index.ts";
import type { Collaborators } from "./collaborators.ts";

type Needs = Pick<Collaborators, "content" | "snapshots" | "layers" | "records" | "leases">;
type AllNeeds = Needs & Pick<Collaborators, "unfinished" | "sources">;

export interface Roots {
  readonly chainIDs: ReadonlySet<ChainID>;
  readonly digests: ReadonlySet<Digest>;
}

/** See `ImageService.collect`: marks what is needed, then removes the rest, asking again before each removal. */
export async function collect(needs: AllNeeds, extra: Roots): Promise<{ bytes: number }> {
  const unfinished = needs.unfinished.digests();
  const snapshotBytes = await collectSnapshots(needs, new Set([...extra.chainIDs, ...unfinished]));
  const blobBytes = await collectBlobs(needs, new Set([...extra.digests, ...unfinished]));
  const isKept = (digest: Digest): boolean => unfinished.has(digest) || needs.leases.named().has(digest);
  const begun = await needs.content.sweepBeginnings(isKept);
  const stored = new Set(await Array.fromAsync(needs.content.list()));
  needs.sources.prune((digest) => stored.has(digest));
  return { bytes: snapshotBytes + blobBytes + begun.bytes };
}

async function collectSnapshots(needs: Needs, extra: ReadonlySet<Digest>): Promise<number> {
  const { snapshots, layers } = needs;
  const parents = new Map((await snapshots.listCommitted()).map(({ chainID, parent }) => [chainID, parent]));
  const used = (await snapshots.listActive()).flatMap(({ parent }) => (parent === undefined ? [] : [parent]));
  const isNeeded = remember(needs.records, () => markChains(needs, [...extra, ...used], parents));
  const depth = (chain: ChainID): number => {
    const parent = parents.get(chain);
    return parent === undefined ? 0 : depth(parent) + 1;
  };
  const isKept = (chain: ChainID): boolean =>
    isNeeded(chain) || needs.leases.named().has(chain) || (snapshots.committedAt(chain) ?? 0) >= limit(needs);
  let bytes = 0;
  for (const chain of [...parents.keys()].sort((a, b) => depth(b) - depth(a))) {
    if (isKept(chain)) continue;
    const { bytes: size } = await layers.usage(await snapshots.layerDirectory(chain));
    if (!isKept(chain) && (await removeUnused(needs, chain))) bytes += size;
  }
  return bytes;
}

async function collectBlobs(needs: Needs, extra: ReadonlySet<Digest>): Promise<number> {
  const { content, leases, records } = needs;
  const isNeeded = remember(records, () => blobsOfImages(records));
  let bytes = 0;
  for await (const digest of content.list()) {
    if (extra.has(digest)) continue;
    const found = await content.find(digest);
    if (!found || isNeeded(digest) || leases.named().has(digest)) continue;
    if (await content.remove(digest, { storedBefore: limit(needs) })) bytes += found.size;
  }
  return bytes;
}

/** Membership in a set that is made anew whenever an image was added. */
function remember(
  records: Collaborators["records"],
  make: () => ReadonlySet<Digest>,
): (one: Digest) => boolean {
  let at = records.additions();
  let set = make();
  return (one) => {
    if (at !== records.additions()) {
      at = records.additions();
      set = make();
    }
    return set.has(one);
  };
}

/** What is stored from this moment on stays: since the oldest lease, or since now. */
function limit({ leases }: Needs): number {
  return Math.min(Date.now(), leases.oldest() ?? Number.POSITIVE_INFINITY);
}

/** All chains that are needed, with those below them. */
function markChains(
  needs: Needs,
  roots: readonly ChainID[],
  parents: ReadonlyMap<ChainID, ChainID | undefined>,
): ReadonlySet<ChainID> {
  const marked = new Set<ChainID>();
  const ofImages = needs.records.list().flatMap((image) => chainIDs(image.config.rootfs.diff_ids));
  for (const root of [...ofImages, ...roots, ...needs.leases.named()]) {
    for (let at: ChainID | undefined = root; at !== undefined && !marked.has(at); at = parents.get(at))
      marked.add(at);
  }
  return marked;
}

/** False when something has begun to stand on it. */
async function removeUnused({ snapshots }: Needs, chain: ChainID): Promise<boolean> {
  try {
    await snapshots.removeCommitted(chain);
    return true;
  } catch (error) {
    if (isKind(error, "conflict")) return false;
    throw error;
  }
}

/** Manifest, config and layers of all images. */
export function blobsOfImages(records: Collaborators["records"]): ReadonlySet<Digest> {
  return new Set(
    records.list().flatMap(({ manifestDigest, manifest, digests }) => [
      manifestDigest,
      // The index that the manifest was chosen from, say.
      ...digests.flatMap((name) => parseReference(name).digest ?? []),
      manifest.config.digest,
      ...manifest.layers.map(({ digest }) => digest),
    ]),
  );
}
