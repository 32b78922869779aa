import { EngineError, noStep, SharedWork, type Step } from "../base/index.ts";
import type { ContentStore } from "../content/index.ts";
import type { LayerTools } from "../layer/index.ts";
import type { Records } from "../records/index.ts";
import type { RegistryClient } from "../registry/index.ts";
import type { Snapshotter } from "../snapshot/index.ts";
import { adoptImage } from "./adopt.ts";
import { openBlobSources } from "./blob-sources.ts";
import type { Collaborators, TransferLimits } from "./collaborators.ts";
import { collect } from "./collect.ts";
import { findImage, requireImage } from "./find.ts";
import { openImageRecords } from "./image-records.ts";
import { importRoot } from "./import.ts";
import { writeIndex } from "./index-file.ts";
import { Leases } from "./leases.ts";
import { loadImages } from "./load.ts";
import { recordName } from "./names.ts";
import { pullImages } from "./pull.ts";
import { pushImages } from "./push.ts";
import { commitLayer, putImage } from "./put.ts";
import { recoverImages } from "./recover.ts";
import { evictImage, pruneImages, removeImage } from "./remove.ts";
import { saveImages } from "./save.ts";
import { Settler } from "./settler.ts";
import type { Image, ImageService } from "./types.ts";
import { openUnfinished } from "./unfinished.ts";
import { Unpackers } from "./unpackers.ts";

/** The image service over these stores. It is the only writer of the records `images` and `image-names`. */
export function createImageService(parts: {
  readonly content: ContentStore;
  readonly snapshots: Snapshotter;
  readonly layers: LayerTools;
  readonly records: Records;
  /** Without, pull and push are refused. */
  readonly registries?: Pick<RegistryClient, "repository">;
  readonly transfers?: Partial<TransferLimits> | undefined;
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
    registries: parts.registries ?? noRegistries,
    transfers: { ...defaultTransfers, ...parts.transfers },
    sources: openBlobSources(parts.records),
    unfinished: openUnfinished(parts.records),
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
    load: (archive, report, options) => loadImages(needs, archive, { ...options, report }),
    pull: (reference, options) => pullImages(needs, reference, options),
    push: (reference, options) => pushImages(needs, reference, options),
    save: (references) => saveImages(needs, references),
    importRoot: (archive, options) => importRoot(needs, archive, options),
    prune: (options) => pruneImages(needs, options),
    evict: (id, usedBy) => evictImage(needs, id, usedBy),
    collect: (roots) => collect(needs, roots),
    keep: (digest, milliseconds) => needs.leases.grace(digest, milliseconds),
    lease: () => needs.leases.open(),
    recover: () => recoverImages(needs),
    settled: () => needs.settler.idle(),
  };
}

/** As many as Docker's. */
const defaultTransfers: TransferLimits = { downloads: 3, uploads: 5 };

const noRegistries: Pick<RegistryClient, "repository"> = {
  repository(name) {
    throw new EngineError("not-implemented", `Cannot reach ${name}: this store talks to no registry`, {
      subject: name,
    });
  },
};

function newestFirst(a: Image, b: Image): number {
  return Date.parse(b.config.created ?? "") - Date.parse(a.config.created ?? "") || (a.id < b.id ? -1 : 1);
}
