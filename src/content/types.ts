import type { Digest } from "../base/index.ts";
import type { Descriptor } from "../oci/index.ts";

/** What an ingest must turn out to be. What is left out is not checked. */
export interface Expected {
  readonly digest?: Digest;
  readonly size?: number;
}

/**
 * Immutable blobs by digest, kept as an OCI image layout (`oci-layout`, `blobs/sha256/<hex>`). A blob becomes
 * visible only once verified, synced and renamed; unfinished ingests live in `ingest/` and are swept at start.
 */
export interface ContentStore {
  /**
   * Stores `source` and returns its digest and size. Throws `invalid` when it differs from `expected`; then
   * nothing stays behind. Storing what is already there is a success.
   */
  ingest(
    source: AsyncIterable<Uint8Array>,
    options: { mediaType: string; expected?: Expected; signal?: AbortSignal },
  ): Promise<Descriptor>;
  /** Stores bytes at hand (config, manifest). */
  put(bytes: Uint8Array, mediaType: string): Promise<Descriptor>;
  /** The bytes as a stream; throws `not-found`. */
  open(digest: Digest): AsyncIterable<Uint8Array>;
  /** All bytes; for small JSON blobs. Throws `not-found`, and `invalid` above `limit` (default 8 MiB). */
  read(digest: Digest, limit?: number): Promise<Uint8Array>;
  /** Size in bytes, when it was first and when it was last stored (ms since the epoch); undefined when absent. */
  find(digest: Digest): Promise<{ size: number; created: number; modified: number } | undefined>;
  /** Path of the blob file, for readers that take a file. Throws `not-found`. */
  path(digest: Digest): Promise<string>;
  /** Removes a blob; absent is a success. One stored at `storedBefore` (ms since the epoch) or later stays: false. */
  remove(digest: Digest, options?: { readonly storedBefore?: number }): Promise<boolean>;
  list(): AsyncIterable<Digest>;
  /** Writes `index.json`, which tells other tools the images of this layout. Derived data: it is not synced. */
  setIndex(manifests: readonly Descriptor[]): Promise<void>;
}
