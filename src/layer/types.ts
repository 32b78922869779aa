import type { Digest } from "../base/index.ts";
import type { Mount } from "../oci/index.ts";

export interface Applied {
  /** Digest of the uncompressed tar. */
  readonly diffID: Digest;
  /** Bytes of the uncompressed tar. */
  readonly size: number;
}

/** A layer blob in a file that may still be growing. */
export interface ArrivingFile {
  /** Where it is now; it may move once, when it is complete. */
  readonly path: string;
  /** How many bytes are there so far, whenever there are more; ends when all are, throws when no more will come. */
  lengths(): AsyncIterable<number>;
}

/** A layer that lies in its directory. */
export interface Unpacked extends Applied {
  /** Whether the archive had an entry for the root; without, the root is as the layer below has it. */
  readonly root: boolean;
  readonly usage: TreeUsage;
}

/** What an archive may be at most, within the bounds that hold for all. */
export interface ArchiveLimits {
  readonly entries?: number;
  /** Bytes of all files together, unpacked. */
  readonly bytes?: number;
}

export interface ApplyOptions {
  readonly limits?: ArchiveLimits;
  readonly signal?: AbortSignal;
}

/** A directory or file of the host that is mounted over a tree; links in `target` resolve inside of the tree. */
export interface Over {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface ExtractOptions extends ApplyOptions {
  /** What is mounted over the tree, in order; missing directories are made for it. */
  readonly over?: readonly Over[];
  readonly directory: string;
  /** Refuse to put a directory in the place of another kind of file, and the reverse. */
  readonly keepKinds?: boolean;
  /** Everything belongs to this user and group, whatever the archive says. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

export interface TreeUsage {
  /** Bytes of files and links, each inode once. */
  readonly bytes: number;
  readonly inodes: number;
}

export type EntryKind = "file" | "directory" | "link" | "device" | "pipe" | "socket" | "deletion";

/** One name in a tree, without its content. */
export interface TreeEntry {
  /** From the top, without leading slash; each character is one byte of the name, whatever its encoding is. */
  readonly path: string;
  readonly kind: EntryKind;
  /** A directory that hides what lower layers have in it. */
  readonly opaque: boolean;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Seconds and nanoseconds, to be compared. */
  readonly modified: string;
  /** Names of one inode are one file; `links` says how many there are. */
  readonly inode: string;
  readonly links: number;
  /** Numbers of a device, target of a link; else empty. */
  readonly target: string;
}

/**
 * Tar from and to directory trees. Each call runs the native helper `gantry-layer` in a private mount namespace,
 * confined to the tree by chroot, so a hostile archive cannot name anything outside it and no mount outlives it.
 * Failures: `invalid` names entry and reason, a full disk is `internal` with `no space left on device`, an abort
 * throws the signal's reason; what is read-only is `denied`. A failed apply or extract leaves what it had written so far.
 */
export interface LayerTools {
  /**
   * Applies a layer tar (plain, gzip, zstd, bzip2 or xz, by content) onto the tree that `mounts` show; OCI whiteouts become
   * overlayfs ones. Throws `invalid` naming entry and reason for a hostile or broken archive, which includes too many
   * entries and compressed data that unpacks out of all proportion.
   */
  apply(
    source: AsyncIterable<Uint8Array>,
    mounts: readonly Mount[],
    options?: ApplyOptions,
  ): Promise<Applied>;
  /**
   * The same from a file, while it arrives: read, decompressed and hashed in the helper. With a directory in place of
   * mounts the layer is applied apart, into this upper directory of an overlay whose lower ones are not there yet;
   * `not-apart` when it turns out to stand on them (a parent directory or the target of a hard link is theirs): then
   * it is to be applied again with mounts, into an empty directory. `report` hears how many bytes have been read.
   */
  unpack(
    source: ArrivingFile,
    place: readonly Mount[] | { readonly apart: string },
    options?: ApplyOptions & { readonly report?: (bytes: number) => void },
  ): Promise<Unpacked | "not-apart">;
  /**
   * Extracts an ordinary tar (whiteout names mean nothing) below `directory` of the tree; parents are made 0755 root.
   * Symlinks in `directory` resolve inside the tree only. The metadata of `directory` itself stays.
   */
  extract(
    source: AsyncIterable<Uint8Array>,
    mounts: readonly Mount[],
    options: ExtractOptions,
  ): Promise<void>;
  /**
   * The layer tar (uncompressed, whiteouts in OCI form, sorted, reproducible) of an overlay upper directory. With
   * `older`, of the difference between that tree and this one.
   */
  diff(
    directory: string,
    options?: { readonly older?: string; readonly signal?: AbortSignal },
  ): AsyncIterable<Uint8Array>;
  /**
   * The tar of `path` in the tree, names relative to the parent of `path` as `docker cp` wants them. A symlink at
   * the end of `path` is packed as such, unless `/` or `/.` follows it. `name` gives the top another name; with ""
   * only what lies in it is packed. Throws `not-found`.
   */
  pack(
    mounts: readonly Mount[],
    path: string,
    options?: { readonly name?: string; readonly over?: readonly Over[]; readonly signal?: AbortSignal },
  ): AsyncIterable<Uint8Array>;
  /** The same bytes without compression (gzip, zstd, bzip2 or xz, by content; anything else is passed on). */
  decompress(
    source: AsyncIterable<Uint8Array>,
    options?: { readonly signal?: AbortSignal },
  ): AsyncIterable<Uint8Array>;
  /** Brings the file system that `directory` lies on to its disk. */
  sync(directory: string): Promise<void>;
  usage(directory: string): Promise<TreeUsage>;
  /**
   * What stands in a layer's directory, its deletions included: directories before what lies in them, siblings by
   * their bytes. Comes in batches, so that millions of entries need no memory.
   */
  inventory(
    directory: string,
    options?: { readonly signal?: AbortSignal },
  ): AsyncIterable<readonly TreeEntry[]>;
}
