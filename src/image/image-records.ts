import type { Digest } from "../base/index.ts";
import type { ImageConfig, Manifest } from "../oci/index.ts";
import type { Collection, Records } from "../records/index.ts";
import type { ChainID } from "../snapshot/index.ts";
import type { Image } from "./types.ts";

/** What is recorded of an image, under its ID. */
export interface ImageRecord {
  readonly manifest: Manifest;
  readonly manifestDigest: Digest;
  readonly manifestSize: number;
  readonly config: ImageConfig;
  readonly chainID?: ChainID;
  readonly layerSizes: readonly number[];
}

interface NameRecord {
  readonly id: Digest;
  /** When the name was given; ms since the epoch. Older records do not tell. */
  readonly at?: number;
}

/** Images by ID and the names and repository digests that point to them, in collections that change together. */
export interface ImageRecords {
  find(id: Digest): Image | undefined;
  list(): readonly Image[];
  /** Full names and the IDs they point to. */
  names(): readonly (readonly [name: string, id: Digest])[];
  idOf(name: string): Digest | undefined;
  manifestSize(id: Digest): number;
  /** Full repository digests (`docker.io/library/redis@sha256:…`) and the IDs they point to. */
  digests(): readonly (readonly [name: string, id: Digest])[];
  /**
   * Records the image unless it is there, and points the names to it. With a digest of a repository, the image came
   * from there: its manifest replaces the one that was recorded.
   */
  add(id: Digest, record: ImageRecord, names: readonly string[], repositoryDigest?: string): void;
  /** Points a repository's digest to an image that is there. */
  nameDigest(id: Digest, repositoryDigest: string): void;
  /** Points the names to an image that is there. */
  name(id: Digest, names: readonly string[]): void;
  unname(names: readonly string[]): void;
  /** Removes an image and its names. */
  remove(id: Digest): void;
  /** Grows with every image that is added. */
  additions(): number;
}

export function openImageRecords(records: Records): ImageRecords {
  const images: Collection<ImageRecord> = records.collection("images");
  const names: Collection<NameRecord> = records.collection("image-names");
  const digests: Collection<NameRecord> = records.collection("image-digests");

  let additions = 0;
  const named = () => names.entries().map(([name, { id, at }]) => [name, id, at] as const);
  const digested = () => digests.entries().map(([name, { id }]) => [name, id] as const);
  const namesOf = (id: Digest) => named().flatMap(([name, owner]) => (owner === id ? [name] : []));
  const taggedOf = (id: Digest) => latest(named().filter(([, owner]) => owner === id));
  const digestsOf = (id: Digest) => digested().flatMap(([name, owner]) => (owner === id ? [name] : []));
  const point = (id: Digest, list: readonly string[]) => {
    for (const name of list) names.put(name, { id, at: Date.now() });
  };
  return {
    find(id) {
      const record = images.find(id);
      if (!record) return undefined;
      return toImage(id, record, { names: namesOf(id), digests: digestsOf(id), tagged: taggedOf(id) });
    },
    list() {
      const byName = Map.groupBy(named(), ([, id]) => id);
      const byDigest = Map.groupBy(digested(), ([, id]) => id);
      const textsOf = (from: Map<Digest, readonly (readonly [string, ...unknown[]])[]>, id: Digest) =>
        (from.get(id) ?? []).map(([name]) => name);
      return images.entries().flatMap(([key, record]) => {
        const id = record.manifest.config.digest;
        if (key !== id) return [];
        const tagged = latest(byName.get(id) ?? []);
        return [toImage(id, record, { names: textsOf(byName, id), digests: textsOf(byDigest, id), tagged })];
      });
    },
    names: () => named().map(([name, id]) => [name, id]),
    digests: digested,
    idOf: (name) => (names.find(name) ?? digests.find(name))?.id,
    manifestSize: (id) => images.get(id).manifestSize,
    add(id, record, list, repositoryDigest) {
      records.transaction(() => {
        if (repositoryDigest !== undefined || !images.find(id)) images.put(id, record);
        if (repositoryDigest !== undefined) digests.put(repositoryDigest, { id });
        point(id, list);
      });
      additions += 1;
    },
    nameDigest(id, repositoryDigest) {
      records.transaction(() => {
        images.get(id);
        digests.put(repositoryDigest, { id });
      });
    },
    name(id, list) {
      records.transaction(() => {
        images.get(id);
        point(id, list);
      });
    },
    unname(list) {
      records.transaction(() => {
        for (const name of list) {
          names.remove(name);
          digests.remove(name);
        }
      });
    },
    remove(id) {
      records.transaction(() => {
        for (const name of namesOf(id)) names.remove(name);
        for (const name of digestsOf(id)) digests.remove(name);
        images.remove(id);
      });
    },
    additions: () => additions,
  };
}

function toImage(
  id: Digest,
  record: ImageRecord,
  known: {
    readonly names: readonly string[];
    readonly digests: readonly string[];
    readonly tagged: number | undefined;
  },
): Image {
  const { manifest, manifestDigest, manifestSize, config, chainID, layerSizes } = record;
  return {
    id,
    manifest,
    manifestDigest,
    manifestSize,
    config,
    chainID,
    references: known.names,
    digests: known.digests,
    tagged: known.tagged,
    size: layerSizes.reduce((sum, size) => sum + size, 0),
    layerSizes,
  };
}

/** When the last of these names was given. */
function latest(
  names: readonly (readonly [name: string, id: Digest, at: number | undefined])[],
): number | undefined {
  const times = names.flatMap(([, , at]) => (at === undefined ? [] : [at]));
  return times.length > 0 ? Math.max(...times) : undefined;
}
