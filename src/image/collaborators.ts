import type { SharedWork, Step } from "../base/index.ts";
import type { ContentStore } from "../content/index.ts";
import type { LayerTools } from "../layer/index.ts";
import type { RegistryClient } from "../registry/index.ts";
import type { Snapshotter } from "../snapshot/index.ts";
import type { BlobSources } from "./blob-sources.ts";
import type { ImageRecords } from "./image-records.ts";
import type { LayerEvent } from "./layer-event.ts";
import type { Leases } from "./leases.ts";
import type { Settler } from "./settler.ts";
import type { Unfinished } from "./unfinished.ts";
import type { Unpackers } from "./unpackers.ts";

/** How many blobs of a pull come, and of a push go, at the same time. */
export interface TransferLimits {
  readonly downloads: number;
  readonly uploads: number;
}

/** What the verbs on images work with. Each picks the few it uses. */
export interface Collaborators {
  readonly content: ContentStore;
  readonly snapshots: Snapshotter;
  readonly layers: LayerTools;
  readonly records: ImageRecords;
  readonly leases: Leases;
  readonly settler: Settler;
  /** Layers being fetched and unpacked, by chainID: each once, however many want it. */
  readonly stacking: SharedWork<LayerEvent>;
  readonly unpackers: Unpackers;
  readonly registries: Pick<RegistryClient, "repository">;
  readonly transfers: TransferLimits;
  readonly sources: BlobSources;
  readonly unfinished: Unfinished;
  /** Marks durable steps, for fault tests. */
  readonly step: Step;
}
