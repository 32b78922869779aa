import { type Digest, formatBytes, formatSpan, type Logger } from "../base/index.ts";
import type { ContentStore } from "../content/index.ts";
import type { Image, ImageService, ImageUser } from "../image/index.ts";
import { chainIDs, familiarName, parseReference, repositoryOf } from "../oci/index.ts";
import type { Snapshotter } from "../snapshot/index.ts";
import { type Eviction, type Holder, type Piece, planEvictions } from "./plan.ts";
import type { ImageUses } from "./uses.ts";

/** A layer that a build may use again. */
export interface CachedLayer {
  readonly key: string;
  readonly chainID: Digest;
  /** The layer as a blob. */
  readonly digest: Digest;
  readonly lastUsed: number;
}

/** The builder's cache, as far as it takes room. */
export interface LayerCache {
  cached(): readonly CachedLayer[];
  forgetCached(keys: readonly string[]): void;
}

export interface BudgetNeeds {
  readonly images: Pick<ImageService, "list" | "evict">;
  readonly content: Pick<ContentStore, "list" | "find">;
  readonly snapshots: Pick<Snapshotter, "listCommitted" | "listActive" | "usage">;
  readonly cache: LayerCache;
  readonly uses: ImageUses;
  /** Containers of an image, whatever their state. */
  readonly usersOf: (id: Digest) => readonly ImageUser[];
  /** Told of each image that was evicted, with its names. */
  readonly evicted: (image: Image) => void;
  readonly log: Logger;
}

export interface BudgetOptions {
  /** Bytes that images and build cache may take; without it they are only measured. */
  readonly limit: number | undefined;
  /** Milliseconds for which nothing is evicted after it was used. */
  readonly grace: number;
}

export interface BudgetUse {
  readonly limit: number | undefined;
  readonly used: number;
}

/** Bytes for which it is worth to pull an image again. */
const leastFreed = 64 * 1024;

/** Keeps images and build cache within a number of bytes. */
export interface Budget {
  /** Evicts what has to go; true when something did, so that a collection frees it. */
  enforce(): Promise<boolean>;
  use(): Promise<BudgetUse>;
}

export function createBudget(needs: BudgetNeeds, options: BudgetOptions): Budget {
  const measure = async () => await measurePieces(needs);
  let warned = false;
  const warn = (limit: number, over: number): void => {
    if (over > 0 && !warned) {
      needs.log.warn("the disk budget is exceeded by what may not be evicted", {
        budget: formatBytes(limit),
        over: formatBytes(over),
      });
    }
    // Once is enough, until there was room in between.
    warned = over > 0;
  };
  return {
    use: async () => ({ limit: options.limit, used: total(await measure()) }),
    async enforce() {
      const { limit } = options;
      if (limit === undefined) return false;
      const pieces = await measure();
      if (total(pieces) <= limit) {
        warn(limit, 0);
        return false;
      }
      needs.uses.flush();
      const holders = await holdersOf(needs, options);
      const plan = planEvictions(pieces, holders, { budget: limit, least: leastFreed });
      let count = 0;
      for (const eviction of plan.evictions) if (await evict(needs, eviction, holders)) count += 1;
      warn(limit, plan.after - limit);
      return count > 0;
    },
  };
}

function total(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** All blobs and all unpacked layers. */
async function measurePieces({ content, snapshots }: BudgetNeeds): Promise<readonly Piece[]> {
  const pieces: Piece[] = [];
  for await (const digest of content.list())
    pieces.push({ key: blobKey(digest), bytes: (await content.find(digest))?.size ?? 0 });
  for (const { chainID } of await snapshots.listCommitted()) {
    // A layer may be removed while others are measured.
    const { bytes } = await snapshots.usage(chainID).catch(() => ({ bytes: 0 }));
    pieces.push({ key: chainKey(chainID), bytes });
  }
  return pieces;
}

async function holdersOf(needs: BudgetNeeds, { grace }: BudgetOptions): Promise<readonly Holder[]> {
  const parents = new Map(
    (await needs.snapshots.listCommitted()).map(({ chainID, parent }) => [chainID, parent]),
  );
  const stack = (top: Digest): string[] => {
    const keys: string[] = [];
    for (let at: Digest | undefined = top; at !== undefined; at = parents.get(at)) keys.push(chainKey(at));
    return keys;
  };
  const young = Date.now() - grace;
  const cached = needs.cache.cached().map(
    ({ key, chainID, digest, lastUsed }): Holder => ({
      ...{ key, kind: "cache", lastUsed, dangling: false },
      holds: [...stack(chainID), blobKey(digest)],
      kept: lastUsed > young ? "it was used a moment ago" : undefined,
    }),
  );
  const active = (await needs.snapshots.listActive()).map(
    ({ key, parent }): Holder => ({
      ...{ key, kind: "other", lastUsed: 0, dangling: false, kept: "it is in use" },
      holds: parent === undefined ? [] : stack(parent),
    }),
  );
  const images = await Promise.all(needs.images.list().map((image) => imageHolder(needs, image, young)));
  return [...cached, ...active, ...images];
}

async function imageHolder(needs: BudgetNeeds, image: Image, young: number): Promise<Holder> {
  const { id, manifest, manifestDigest, config } = image;
  const stored = await needs.content.find(manifestDigest);
  const lastUsed = needs.uses.lastUsed(id) ?? stored?.modified ?? 0;
  const blobs = [manifestDigest, manifest.config.digest, ...manifest.layers.map(({ digest }) => digest)];
  return {
    ...{ key: id, kind: "image", lastUsed },
    holds: [...chainIDs(config.rootfs.diff_ids).map(chainKey), ...blobs.map(blobKey)],
    dangling: image.references.length === 0,
    kept: whyKept(needs, image, { lastUsed, young }),
  };
}

/** An image may go when nothing runs on it and whoever wants it again can have it from where it came. */
function whyKept(
  needs: BudgetNeeds,
  image: Image,
  { lastUsed, young }: { lastUsed: number; young: number },
): string | undefined {
  if (needs.usersOf(image.id).length > 0) return "a container uses it";
  if (lastUsed > young) return "it was used a moment ago";
  const sources = new Set(image.digests.map((digest) => repositoryOf(parseReference(digest))));
  const isLocal = image.references.some((name) => !sources.has(repositoryOf(parseReference(name))));
  return isLocal ? "it has a name that no registry has" : undefined;
}

async function evict(needs: BudgetNeeds, eviction: Eviction, holders: readonly Holder[]): Promise<boolean> {
  const holder = holders.find(({ key, kind }) => key === eviction.key && kind === eviction.kind);
  if (!holder) return false;
  const details = {
    unused: formatSpan(Date.now() - holder.lastUsed),
    frees: formatBytes(eviction.bytes),
  };
  if (eviction.kind === "cache") {
    needs.cache.forgetCached([eviction.key]);
    needs.log.info("evicted a cached build step: the disk budget is spent", details);
    return true;
  }
  const image = needs.images.list().find(({ id }) => id === eviction.key);
  // Asked again in the same breath: a container may have come since the plan was made.
  if (!image || !(await needs.images.evict(image.id, needs.usersOf))) return false;
  needs.uses.forget(image.id);
  needs.evicted(image);
  const names = image.references.map(familiarName).join(" ") || "<none>";
  needs.log.info("evicted an image: the disk budget is spent", {
    image: names,
    id: image.id,
    why: holder.dangling ? "it has no name" : "it can be pulled again",
    ...details,
  });
  return true;
}

function blobKey(digest: Digest): string {
  return `blob ${digest}`;
}

function chainKey(chainID: Digest): string {
  return `layer ${chainID}`;
}
