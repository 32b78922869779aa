import type { Digest } from "../base/index.ts";
import type { Mount } from "../oci/index.ts";

/** A chainID names a committed snapshot; a key names an active one. */
export type ChainID = Digest;

export interface SnapshotUsage {
  readonly bytes: number;
  readonly inodes: number;
}

/**
 * Trees in layers. `prepare` makes a writable snapshot on a committed parent; `commit` turns an active snapshot
 * into a committed one; both are atomic: a kill leaves the old state or garbage that `sweep` removes. Mounts are
 * values: nothing here mounts anything. Keys are `[a-zA-Z0-9_.-]+`.
 */
export interface Snapshotter {
  /** A new active snapshot. Without parent it is an empty tree. Throws `conflict` when the key exists. */
  prepare(key: string, parent: ChainID | undefined): Promise<readonly Mount[]>;
  /** The mounts of an active snapshot (one mount: overlay, or bind when it has no parent). */
  mounts(key: string): Promise<readonly Mount[]>;
  /** Read-only mounts of a committed snapshot. */
  view(chainID: ChainID): Promise<readonly Mount[]>;
  /** The active snapshot `key` becomes the committed `chainID`. When that exists already, `key` is dropped. */
  commit(chainID: ChainID, key: string): Promise<void>;
  /** Removes an active snapshot; absent is a success. */
  remove(key: string): Promise<void>;
  /** Removes a committed snapshot; throws `conflict` while another stands on it. */
  removeCommitted(chainID: ChainID): Promise<void>;
  has(chainID: ChainID): Promise<boolean>;
  /** Directory that holds what this snapshot itself changed (overlay upper directory). */
  upperDirectory(key: string): Promise<string>;
  /** Directory of a committed layer alone. */
  layerDirectory(chainID: ChainID): Promise<string>;
  usage(name: string): Promise<SnapshotUsage>;
  listCommitted(): Promise<readonly { chainID: ChainID; parent: ChainID | undefined }[]>;
  listActive(): Promise<readonly { key: string; parent: ChainID | undefined }[]>;
  /** Removes what a kill left half-made. Called once at start, before anything else. */
  sweep(): Promise<void>;
}
