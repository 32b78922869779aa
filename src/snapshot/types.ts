import type { Digest } from "../base/index.ts";
import type { Mount } from "../oci/index.ts";

/** A chainID names a committed snapshot; a key names an active one. */
export type ChainID = Digest;

export interface SnapshotUsage {
  readonly bytes: number;
  readonly inodes: number;
}

export interface PrepareOptions {
  /** Bytes that the snapshot's own files may take; default as many as the disk has. */
  readonly limit?: number;
}

/**
 * Trees in layers. `prepare` makes a writable snapshot on a committed parent; `commit` turns an active snapshot
 * into a committed one; both are atomic: a kill leaves the old state or garbage that `sweep` removes. Mounts are
 * values: nothing here mounts anything. Keys are `[a-zA-Z0-9_.-]+`.
 *
 * Power cuts: committing syncs nothing, as that would cost a disk flush a build step. A committed snapshot is
 * therefore unsettled at first, and `sweep` drops unsettled ones of an earlier boot, with the committed ones on top,
 * since their files may be cut short. Active ones stay, and are whole again once their parent has been committed
 * anew. Whoever relies on a snapshot for good brings the file system to its disk and then calls `settle`.
 */
export interface Snapshotter {
  /** Whether `prepare` takes a limit: the file system must keep quotas of projects. */
  readonly canLimit: boolean;
  /**
   * A new active snapshot. Without parent it is an empty tree. Throws `conflict` when the key exists, `invalid` for a
   * limit where none can be kept. One with a limit lasts until it is removed: it is never committed.
   */
  prepare(key: string, parent: ChainID | undefined, options?: PrepareOptions): Promise<readonly Mount[]>;
  /**
   * A new active snapshot whose parent is not known yet, for layers that are applied at the same time: the directory
   * to be filled with what the layer itself has, as overlayfs writes it. `attach` puts it on its parent. Undefined
   * where a snapshot cannot be made by itself. Throws `conflict` when the key exists.
   */
  prepareApart(key: string): Promise<string | undefined>;
  /** Puts a snapshot made by `prepareApart` on a committed one. With `root`, its root looks as the parent's does. */
  attach(key: string, parent: ChainID, options: { readonly root: boolean }): Promise<void>;
  /** The mounts of an active snapshot (one mount: overlay, or bind when it has no parent). */
  mounts(key: string): Promise<readonly Mount[]>;
  /** Read-only mounts of a committed snapshot. */
  view(chainID: ChainID): Promise<readonly Mount[]>;
  /** The active snapshot `key` becomes the committed `chainID`. When that exists already, `key` is dropped. */
  commit(chainID: ChainID, key: string): Promise<void>;
  /** These snapshots and those below them are on the disk: from now on a power cut does not make them doubtful. */
  settle(chainIDs: readonly ChainID[]): Promise<void>;
  /** Those of `chainIDs`, and of the ones below them, that are not settled yet. */
  unsettled(chainIDs: readonly ChainID[]): readonly ChainID[];
  /**
   * For who reads the files of an active snapshot: until the result is disposed they stay, and so do the layers below,
   * also when the snapshot is removed meanwhile. Mounts made before go on; its paths are gone.
   */
  hold(key: string): Disposable;
  /** Removes an active snapshot; absent is a success. What it held is deleted soon after, once nobody reads it. */
  remove(key: string): Promise<void>;
  /** Removes a committed snapshot, absent is a success; throws `conflict` while another stands on it. */
  removeCommitted(chainID: ChainID): Promise<void>;
  has(chainID: ChainID): Promise<boolean>;
  /** Directory that holds what this snapshot itself changed (overlay upper directory; a copy holds all). */
  upperDirectory(key: string): Promise<string>;
  /**
   * What an active snapshot changed, as two arguments for a layer diff: with `older`, what differs between that
   * tree and `directory`, else all that stands in `directory` as overlayfs writes it.
   */
  changes(key: string): Promise<{ readonly directory: string; readonly older?: string }>;
  /** Directory of a committed layer alone (of the whole tree, where snapshots are copies). */
  layerDirectory(chainID: ChainID): Promise<string>;
  usage(name: string): Promise<SnapshotUsage>;
  /** When the snapshot was committed, or at the earliest known moment; ms since the epoch. */
  committedAt(chainID: ChainID): number | undefined;
  listCommitted(): Promise<readonly { chainID: ChainID; parent: ChainID | undefined }[]>;
  listActive(): Promise<readonly { key: string; parent: ChainID | undefined }[]>;
  /** Removes what a kill left half-made. Called once at start, before anything else. */
  sweep(): Promise<void>;
}
