import { type Digest, digestOf, hexOf } from "../../base/index.ts";
import type { StoredLayer } from "../../image/index.ts";
import type { Collection, Records } from "../../records/index.ts";
import type { ChainID, Snapshotter } from "../../snapshot/index.ts";
import type { CacheRecord, CacheRoots, LayerRecord } from "./types.ts";

/** A layer and the stack that it completes. */
export interface MadeLayer {
  readonly layer: StoredLayer;
  readonly chainID: ChainID;
}

/** A layer that a step made, and when it was last of use. */
export interface CachedLayer {
  readonly key: string;
  readonly chainID: ChainID;
  /** The layer as a blob. */
  readonly digest: Digest;
  /** Milliseconds since the epoch, as `lastUsed`. */
  readonly created: number;
  /** Milliseconds since the epoch. */
  readonly lastUsed: number;
}

/** Results of earlier steps, found by what they were made of. Survives the engine. */
export interface BuildCache {
  /** What a step made on `parent`; undefined when nothing is known or the layer is gone. */
  findLayer(key: string, parent: ChainID | undefined): Promise<{ made: MadeLayer | undefined } | undefined>;
  putLayer(key: string, parent: ChainID | undefined, made: MadeLayer | undefined): Promise<void>;
  /** When a step with this key first ended; records `now` when it is new or `renew` is set. */
  stepTime(key: string, options: { now: string; renew: boolean }): { created: string; known: boolean };
  roots(): CacheRoots;
  /** The layers of cached steps. */
  list(): readonly CachedLayer[];
  /** Forgets these of them. */
  remove(keys: readonly string[]): void;
  /** Forgets layers for which `keep` is false, and all steps; with `before` only what was last of use earlier. */
  forget(
    keep: (chainID: ChainID) => boolean,
    before?: number,
  ): {
    keys: string[];
    layers: { chainID: ChainID; bytes: number }[];
  };
}

/** A stable name for anything that JSON can hold, in the order given. */
export function cacheKey(...parts: readonly unknown[]): string {
  return hexOf(digestOf(JSON.stringify(["gantry-build/1", ...parts])));
}

export function openBuildCache(records: Records, snapshots: Pick<Snapshotter, "has" | "usage">): BuildCache {
  const collection = records.collection<CacheRecord>("build-cache");
  return {
    findLayer: (key, parent) => findLayer(collection, snapshots, key, parent),
    async putLayer(key, parent, made) {
      const now = new Date().toISOString();
      const bytes = made ? (await snapshots.usage(made.chainID)).bytes : 0;
      const stored = made && { chainID: made.chainID, layer: made.layer, bytes };
      collection.put(`layer:${key}`, {
        version: 1,
        kind: "layer",
        parent,
        made: stored,
        created: now,
        lastUsed: now,
      });
    },
    stepTime(key, { now, renew }) {
      const before = renew ? undefined : collection.find(`step:${key}`);
      const created = before?.created ?? now;
      collection.put(`step:${key}`, { version: 1, kind: "step", created, lastUsed: now });
      return { created, known: before !== undefined };
    },
    roots: () => rootsOf(collection),
    list: () =>
      collection.entries().flatMap(([key, record]) => {
        if (record.kind !== "layer" || !record.made) return [];
        const { chainID, layer } = record.made;
        const [created, lastUsed] = [Date.parse(record.created), Date.parse(record.lastUsed)];
        return [{ key, chainID, digest: layer.descriptor.digest, created, lastUsed }];
      }),
    remove(keys) {
      records.transaction(() => {
        for (const key of keys) collection.remove(key);
      });
    },
    forget: (keep, before) =>
      forget(records, collection, { keep, before: before ?? Number.POSITIVE_INFINITY }),
  };
}

async function findLayer(
  collection: Collection<CacheRecord>,
  snapshots: Pick<Snapshotter, "has">,
  key: string,
  parent: ChainID | undefined,
): Promise<{ made: MadeLayer | undefined } | undefined> {
  const record = collection.find(`layer:${key}`);
  if (record?.kind !== "layer" || record.parent !== parent) return undefined;
  if (record.made && !(await snapshots.has(record.made.chainID))) {
    collection.remove(`layer:${key}`);
    return undefined;
  }
  collection.put(`layer:${key}`, { ...record, lastUsed: new Date().toISOString() });
  return { made: record.made && { chainID: record.made.chainID, layer: record.made.layer } };
}

function rootsOf(collection: Collection<CacheRecord>): CacheRoots {
  const made = collection.list().flatMap((record) => (record.kind === "layer" ? (record.made ?? []) : []));
  return {
    chainIDs: new Set(made.map(({ chainID }) => chainID)),
    digests: new Set(made.map(({ layer }) => layer.descriptor.digest)),
  };
}

function forget(
  records: Records,
  collection: Collection<CacheRecord>,
  { keep, before }: { readonly keep: (chainID: ChainID) => boolean; readonly before: number },
): { keys: string[]; layers: { chainID: ChainID; bytes: number }[] } {
  const isKept = (record: CacheRecord) =>
    Date.parse(record.lastUsed) >= before ||
    (record.kind === "layer" && record.made !== undefined && keep(record.made.chainID));
  const forgotten = collection.entries().filter(([, record]) => !isKept(record));
  records.transaction(() => {
    for (const [key] of forgotten) collection.remove(key);
  });
  const layers = new Map<ChainID, number>();
  for (const { made } of forgotten.flatMap(([, record]) => layerRecords(record))) {
    if (made) layers.set(made.chainID, made.bytes);
  }
  return {
    keys: forgotten.map(([key]) => key.replace(/^(layer|step):/, "")),
    layers: [...layers].map(([chainID, bytes]) => ({ chainID, bytes })),
  };
}

function layerRecords(record: CacheRecord): LayerRecord[] {
  return record.kind === "layer" ? [record] : [];
}
