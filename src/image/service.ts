import { noStep, SharedWork, type Step } from "../base/index.ts";
import type { ContentStore } from "../content/index.ts";
import type { LayerTools } from "../layer/index.ts";
import type { Records } from "../records/index.ts";
import type { Snapshotter } from "../snapshot/index.ts";
import { adoptImage } from "./adopt.ts";
import type { Collaborators } from "./collaborators.ts";
import { collect } from "./collect.ts";
import { findImage, requireImage } from "./find.ts";
import { openImageRecords } from "./image-records.ts";
import { importRoot } from "./import.ts";
import { writeIndex } from "./index-file.ts";
import { Leases } from "./leases.ts";
import { loadImages } from "./load.ts";
import { recordName } from "./names.ts";
import { commitLayer, putImage } from "./put.ts";
import { recoverImages } from "./recover.ts";
import { pruneImages, removeImage } from "./remove.ts";
import { saveImages } from "./save.ts";
import { Settler } from "./settler.ts";
import type { Image, ImageService } from "./types.ts";
import { Unpackers } from "./unpackers.ts";

/** The image service over these stores. It is the only writer of the records `images` and `image-names`. */
export function createImageService(parts: {
  readonly content: ContentStore;
  readonly snapshots: Snapshotter;
  readonly layers: LayerTools;
  readonly records: Records;
  readonly step?: Step;
}): ImageService {
  const needs: Collaborators = {
    content: parts.content,
    snapshots: parts.snapshots,
    layers: parts.layers,
    records: openImageRecords(parts.records),
    leases: new Leases(),
    settler: new Settler(parts),
    stacking: new SharedWork(),
    unpackers: new Unpackers(),
    step: parts.step ?? noStep,
  };
  const { records } = needs;
  return {
    get: (reference) => requireImage(records, reference).image,
    find: (reference) => findImage(records, reference)?.image,
    list: () => [...records.list()].sort(newestFirst),
    put: (config, layers, references) => putImage(needs, config, { layers, references }),
    commitLayer: (key, parent) => commitLayer(needs, key, parent),
    adopt: (manifest, options) => adoptImage(needs, manifest, options),
    async tag(source, target) {
      const { image } = requireImage(records, source);
      records.name(image.id, [recordName(target)]);
      await writeIndex(needs);
    },
    remove: (reference, options) => removeImage(needs, reference, options),
    load: (archive, report, signal) => loadImages(needs, archive, { report, signal }),
    save: (references) => saveImages(needs, references),
    importRoot: (archive, options) => importRoot(needs, archive, options),
    prune: (options) => pruneImages(needs, options),
    collect: (roots) => collect(needs, roots),
    keep: (digest, milliseconds) => needs.leases.grace(digest, milliseconds),
    lease: () => needs.leases.open(),
    recover: () => recoverImages(needs),
    settled: () => needs.settler.idle(),
  };
}

function newestFirst(a: Image, b: Image): number {
  return Date.parse(b.config.created ?? "") - Date.parse(a.config.created ?? "") || (a.id < b.id ? -1 : 1);
}
