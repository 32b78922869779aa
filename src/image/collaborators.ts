import type { SharedWork, Step } from "../base/index.ts";
import type { ContentStore } from "../content/index.ts";
import type { LayerTools } from "../layer/index.ts";
import type { Snapshotter } from "../snapshot/index.ts";
import type { ImageRecords } from "./image-records.ts";
import type { LayerEvent } from "./layer-event.ts";
import type { Leases } from "./leases.ts";
import type { Settler } from "./settler.ts";
import type { Unpackers } from "./unpackers.ts";

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
  /** Marks durable steps, for fault tests. */
  readonly step: Step;
}
