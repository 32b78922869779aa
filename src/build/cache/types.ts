import type { Digest } from "../../base/index.ts";
import type { StoredLayer } from "../../image/index.ts";
import type { ChainID } from "../../snapshot/index.ts";

interface Common {
  readonly version: 1;
  /** RFC 3339. */
  readonly created: string;
  readonly lastUsed: string;
}

/** The layer that a step made on its parent; undefined when it left the tree as it was. */
export interface LayerRecord extends Common {
  readonly kind: "layer";
  readonly parent: ChainID | undefined;
  readonly made:
    | { readonly chainID: ChainID; readonly layer: StoredLayer; readonly bytes: number }
    | undefined;
}

/** When a step first had this outcome: keeps image IDs the same when nothing changed. */
export interface StepRecord extends Common {
  readonly kind: "step";
}

export type CacheRecord = LayerRecord | StepRecord;

/** What the build cache holds on to. */
export interface CacheRoots {
  readonly chainIDs: ReadonlySet<ChainID>;
  readonly digests: ReadonlySet<Digest>;
}
