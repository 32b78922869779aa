import type { Digest } from "../base/index.ts";
import type { Mount } from "../oci/index.ts";

export interface Applied {
  /** Digest of the uncompressed tar. */
  readonly diffID: Digest;
  /** Bytes of the uncompressed tar. */
  readonly size: number;
}

/**
 * Tar from and to directory trees. Each call runs the native helper `gantry-layer` in a private mount namespace,
 * confined to the tree by chroot, so a hostile archive cannot name anything outside it and no mount outlives it.
 */
export interface LayerTools {
  /**
   * Applies a layer tar (plain, gzip, zstd, bzip2 or xz, by content) onto the tree that `mounts` show; OCI whiteouts become
   * overlayfs ones. Throws `invalid` naming entry and reason for a hostile or broken archive.
   */
  apply(
    source: AsyncIterable<Uint8Array>,
    mounts: readonly Mount[],
    options?: { signal?: AbortSignal },
  ): Promise<Applied>;
  /**
   * Extracts an ordinary tar (whiteout names mean nothing) below `directory` of the tree; parents are made 0755 root.
   * Symlinks in `directory` resolve inside the tree only.
   */
  extract(
    source: AsyncIterable<Uint8Array>,
    mounts: readonly Mount[],
    options: { directory: string; signal?: AbortSignal },
  ): Promise<void>;
  /** The layer tar (uncompressed, whiteouts in OCI form, sorted, reproducible) of an overlay upper directory. */
  diff(upperDirectory: string): AsyncIterable<Uint8Array>;
  /** The tar of `path` in the tree, names relative to the parent of `path` as `docker cp` wants them. */
  pack(mounts: readonly Mount[], path: string): AsyncIterable<Uint8Array>;
}
