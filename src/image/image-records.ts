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
}

/** Images by ID and the names that point to them, in two collections that change together. */
export interface ImageRecords {
  find(id: Digest): Image | undefined;
  list(): readonly Image[];
  /** Full names and the IDs they point to. */
  names(): readonly (readonly [name: string, id: Digest])[];
  idOf(name: string): Digest | undefined;
  manifestSize(id: Digest): number;
  /** Records the image unless it is there, and points the names to it. */
  add(id: Digest, record: ImageRecord, names: readonly string[]): void;
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

  let additions = 0;
  const named = () => names.entries().map(([name, { id }]) => [name, id] as const);
  const namesOf = (id: Digest) => named().flatMap(([name, owner]) => (owner === id ? [name] : []));
  const point = (id: Digest, list: readonly string[]) => {
    for (const name of list) names.put(name, { id });
  };
  return {
    find(id) {
      const record = images.find(id);
      return record ? toImage(id, record, namesOf(id)) : undefined;
    },
    list() {
      const byID = Map.groupBy(named(), ([, id]) => id);
      return images.entries().flatMap(([key, record]) => {
        const id = record.manifest.config.digest;
        return key === id
          ? [
              toImage(
                id,
                record,
                (byID.get(id) ?? []).map(([name]) => name),
              ),
            ]
          : [];
      });
    },
    names: named,
    idOf: (name) => names.find(name)?.id,
    manifestSize: (id) => images.get(id).manifestSize,
    add(id, record, list) {
      records.transaction(() => {
        if (!images.find(id)) images.put(id, record);
        point(id, list);
      });
      additions += 1;
    },
    name(id, list) {
      records.transaction(() => {
        images.get(id);
        point(id, list);
      });
    },
    unname(list) {
      records.transaction(() => {
        for (const name of list) names.remove(name);
      });
    },
    remove(id) {
      records.transaction(() => {
        for (const name of namesOf(id)) names.remove(name);
        images.remove(id);
      });
    },
    additions: () => additions,
  };
}

function toImage(id: Digest, record: ImageRecord, references: readonly string[]): Image {
  const { manifest, manifestDigest, config, chainID, layerSizes } = record;
  return {
    id,
    manifest,
    manifestDigest,
    config,
    chainID,
    references,
    size: layerSizes.reduce((sum, size) => sum + size, 0),
    layerSizes,
  };
}
