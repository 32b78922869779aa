import type { Digest } from "../base/index.ts";
import type { Descriptor } from "../oci/index.ts";

/** What an ingest must turn out to be. What is left out is not checked. */
export interface Expected {
  readonly digest?: Digest;
  readonly size?: number;
}

/** What a blob is, known before it comes. */
export type Known = Required<Expected>;

/** The bytes of a blob from an offset on. */
export type BlobSource = (offset: number) => AsyncIterable<Uint8Array>;

export interface FetchOptions {
  readonly signal?: AbortSignal;
  /** Hears how many bytes are there by now. */
  readonly report?: (bytes: number) => void;
  /** All bytes are there and are about to be checked. */
  readonly verifying?: () => void;
}

export interface IngestOptions {
  readonly mediaType: string;
  readonly expected?: Expected;
  readonly signal?: AbortSignal;
  /** Told the digest as soon as it is known: before the blob is visible, or known to be there already. */
  readonly claim?: (digest: Digest) => void;
}

/** A blob on its way into the store. */
export interface Arrival {
  /** The file its bytes are written to: there from the first of `lengths` on, at another place once it is stored. */
  readonly path: string;
  /** How many bytes are in the file, whenever there are more; ends when all are, throws when no more will come. */
  lengths(): AsyncIterable<number>;
  /** Resolves when it is verified and visible; rejects with what went wrong. */
  readonly stored: Promise<void>;
}

/**
 * Immutable blobs by digest, kept as an OCI image layout (`oci-layout`, `blobs/sha256/<hex>`). A blob becomes
 * visible only once verified, synced and renamed; unfinished ingests live in `ingest/` and are swept at start, all but
 * those of `fetch`.
 */
export interface ContentStore {
  /**
   * Stores `source` and returns its digest and size. Throws `invalid` when it differs from `expected`; then
   * nothing stays behind. Storing what is already there is a success.
   */
  ingest(source: AsyncIterable<Uint8Array>, options: IngestOptions): Promise<Descriptor>;
  /**
   * Begins to store a blob that comes from elsewhere, behind what a failed or killed attempt has left of it: `source`
   * is asked from that offset on, or not at all. Two of the same digest at once come one after the other. Fails with
   * `invalid` when it is not what was expected.
   */
  fetch(expected: Known, source: BlobSource, options?: FetchOptions): Arrival;
  /** Removes the beginnings of blobs that no `fetch` is at, except those that are kept. */
  sweepBeginnings(isKept: (digest: Digest) => boolean): Promise<{ bytes: number }>;
  /** Stores bytes at hand (config, manifest). */
  put(bytes: Uint8Array, mediaType: string): Promise<Descriptor>;
  /** The bytes as a stream, from `offset` on; throws `not-found`. */
  open(digest: Digest, options?: { readonly offset?: number }): AsyncIterable<Uint8Array>;
  /** All bytes; for small JSON blobs. Throws `not-found`, and `invalid` above `limit` (default 8 MiB). */
  read(digest: Digest, limit?: number): Promise<Uint8Array>;
  /** Size in bytes, when it was first and when it was last stored (ms since the epoch); undefined when absent. */
  find(digest: Digest): Promise<{ size: number; created: number; modified: number } | undefined>;
  /** Path of the blob file, for readers that take a file. Throws `not-found`. */
  path(digest: Digest): Promise<string>;
  /**
   * Removes a blob; absent is a success. False, and it stays, when it was stored at `storedBefore` (ms since the epoch)
   * or later, or when `unless` says so: it is asked last of all, while nobody can store the blob.
   */
  remove(
    digest: Digest,
    options?: { readonly storedBefore?: number; readonly unless?: () => boolean },
  ): Promise<boolean>;
  list(): AsyncIterable<Digest>;
  /** Writes `index.json`, which tells other tools the images of this layout. Derived data: it is not synced. */
  setIndex(manifests: readonly Descriptor[]): Promise<void>;
}
