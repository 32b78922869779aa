import type { Mount } from "../oci/index.ts";

/** What one way of keeping snapshots does differently from another. */
export interface SnapshotKind {
  /** Makes an empty `fs`, and what else an active snapshot needs, in `directory`. */
  make(directory: string): Promise<void>;
  /** Puts what `make` made on top of the tree in `parent`. */
  inherit(directory: string, parent: string): Promise<void> | void;
  /** Mounts of the tree in `active` on `layers`, `fs` directories of the committed ones below it, highest first. */
  mounts(active: string, layers: readonly string[]): readonly Mount[];
  view(layers: readonly string[]): readonly Mount[];
  /** True when `fs` holds what a snapshot itself changes, whatever lies below it. */
  readonly isApart: boolean;
  /** What of an active snapshot takes the room of its own files; absent where that cannot be limited. */
  readonly limited?: readonly string[];
  /** Directory that an active snapshot's tree is to be compared with, when it holds more than changes. */
  older?(parent: string | undefined): string | undefined;
}
