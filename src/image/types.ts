import type { Digest } from "../base/index.ts";
import type { Descriptor, ImageConfig, Manifest, Platform } from "../oci/index.ts";
import type { RegistryCredentials } from "../registry/index.ts";
import type { ChainID } from "../snapshot/index.ts";

/** An image that is complete: manifest and config stored, every layer unpacked. */
export interface Image {
  /** Digest of the config. */
  readonly id: Digest;
  readonly manifest: Manifest;
  readonly manifestDigest: Digest;
  readonly manifestSize: number;
  readonly config: ImageConfig;
  /** The stack to run on; undefined for an image without layers. */
  readonly chainID: ChainID | undefined;
  /** Normalised references with tag: `docker.io/library/redis:7`. */
  readonly references: readonly string[];
  /**
   * Where it was pulled from or pushed to, with the digest of the manifest or index that it is there:
   * `docker.io/library/redis@sha256:…`.
   */
  readonly digests: readonly string[];
  /** When it last got a name (ms since the epoch); undefined when none of its names tells. */
  readonly tagged: number | undefined;
  /** Sum of the unpacked layers, in bytes. */
  readonly size: number;
  /** Unpacked bytes of each layer, in the order of `config.rootfs.diff_ids`. */
  readonly layerSizes: readonly number[];
}

export interface ImageProgress {
  readonly id?: string;
  readonly status: string;
  readonly current?: number;
  readonly total?: number;
}

export type ImageReport = (event: ImageProgress) => void;

export interface TransferProgress extends ImageProgress {
  /** For programs: what a push has made. */
  readonly aux?: { readonly Tag: string; readonly Digest: Digest; readonly Size: number };
}

/** Between this engine and a registry. */
export interface TransferOptions {
  readonly credentials?: RegistryCredentials | undefined;
  /** `linux/arm64`. Of an index, a pull takes the manifest for it instead of that for this machine. */
  readonly platform?: string | undefined;
  /** All tags of the repository. */
  readonly allTags?: boolean | undefined;
  readonly report: (event: TransferProgress) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What a pull or push was about: the familiar reference and the image. */
export interface Transferred {
  readonly reference: string;
  readonly image: Image;
}

/** A layer that is stored as a blob and committed as a snapshot, ready to stand in an image. */
export interface StoredLayer {
  readonly descriptor: Descriptor;
  readonly diffID: Digest;
}

export type Removed = { readonly untagged: string } | { readonly deleted: string };

/**
 * Protection from collection while something is under way that no record tells of yet. While any lease is open,
 * blobs and snapshots that were stored since it was opened stay; others stay when it names them.
 */
export interface ImageLease extends Disposable {
  /** Names a blob, or a snapshot by its chainID, with the snapshots below it. */
  protect(digest: Digest): void;
}

/** Image records and what is done with whole images. An image shows up only when all of it is stored. */
export interface ImageService {
  /** By `name[:tag]`, `name@digest`, image ID or unique ID prefix; throws `not-found`: `No such image: x:latest`. */
  get(reference: string): Image;
  find(reference: string): Image | undefined;
  list(): readonly Image[];
  /**
   * Stores config and manifest, records the image, then the names. Throws `not-found` when a layer is not stored as
   * blob and snapshot, `invalid` for a bad name.
   */
  put(config: ImageConfig, layers: readonly StoredLayer[], references: readonly string[]): Promise<Image>;
  /**
   * Turns an active snapshot into an image layer: diffs its upper directory, stores the (gzip) blob, commits the
   * snapshot under the new chainID. The layer stays for ten minutes without being in an image; a lease keeps it
   * longer.
   */
  commitLayer(key: string, parent: ChainID | undefined): Promise<{ layer: StoredLayer; chainID: ChainID }>;
  /**
   * Records the image of a manifest whose blobs are stored: unpacks its layers, keeps the manifest's bytes as they
   * are, then gives it the names. Throws `not-found` for a missing blob, `invalid` for what is no image.
   */
  adopt(
    manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
    options: { readonly references: readonly string[]; readonly signal?: AbortSignal },
  ): Promise<Image>;
  /** Gives an image one more name, taking it from the image that had it. Throws `invalid` for a bad reference. */
  tag(source: string, target: string): Promise<void>;
  /**
   * Untags, and deletes the image when that was its last name (or when named by ID). `usedBy` names the containers
   * of an image: throws `conflict` with Docker's words when in use and not forced.
   */
  remove(
    reference: string,
    options: { force: boolean; usedBy: (id: Digest) => readonly { id: string; running: boolean }[] },
  ): Promise<readonly Removed[]>;
  /**
   * Loads a `docker save` archive or OCI layout tar, compressed or not. Resolves to the lines that Docker prints:
   * `Loaded image: x:y`, or `Loaded image ID: sha256:…` for an image without name. Images before
   * a bad one stay; of the rest nothing does. With a platform, only images for it: throws `not-found` when there are
   * none.
   */
  load(
    archive: AsyncIterable<Uint8Array>,
    report: ImageReport,
    options?: { readonly signal?: AbortSignal; readonly platform?: Platform },
  ): Promise<readonly string[]>;
  /**
   * Brings an image of a registry here, by tag, digest or both (the digest counts), reporting in Docker's words.
   * What several pulls want at the same time comes once. One that is cut off, also by a kill, is gone on with by the
   * next. Throws `not-found` and others as the registry says, `not-found` when an index has nothing for the platform.
   */
  pull(reference: string, options: TransferOptions): Promise<readonly Transferred[]>;
  /**
   * Sends an image to the registry that its name says: the manifest and the blobs as they were pulled or built, byte
   * by byte, and only those that are not there yet. Throws `not-found` for a name that no image has.
   */
  push(reference: string, options: TransferOptions): Promise<readonly Transferred[]>;
  /**
   * One archive that is OCI layout and Docker's format at once. A name without tag stands for all tags of that
   * repository, an ID for the image without names. Throws `not-found` before the first byte.
   */
  save(references: readonly string[]): AsyncIterable<Uint8Array>;
  /** A root file system tar becomes a one-layer image. `changes` are Dockerfile lines already parsed into a config. */
  importRoot(
    archive: AsyncIterable<Uint8Array>,
    options: {
      reference?: string;
      message?: string;
      config?: ImageConfig["config"];
      platform?: string;
      signal?: AbortSignal;
    },
  ): Promise<Image>;
  /** Removes images without names (or, with `all`, every image that no container uses). */
  prune(options: {
    all: boolean;
    used: ReadonlySet<Digest>;
  }): Promise<{ removed: readonly Removed[]; bytes: number }>;
  /** Deletes an image with its names, unless a container uses it or it is gone: false then. */
  evict(
    id: Digest,
    usedBy: (id: Digest) => readonly { readonly id: string; readonly running: boolean }[],
  ): Promise<boolean>;
  /** Removes blobs and snapshots that no image, active snapshot, extra root or lease refers to. */
  collect(extraRoots: {
    chainIDs: ReadonlySet<ChainID>;
    digests: ReadonlySet<Digest>;
  }): Promise<{ bytes: number }>;
  /** Keeps a blob or a layer from collection for so many milliseconds, whatever needs it; longer ones stay. */
  keep(digest: Digest, milliseconds: number): void;
  /** Opens a lease; to be disposed by whoever opens it. */
  lease(): ImageLease;
  /**
   * Makes whole what a power cut has damaged: layers that the snapshotter has dropped are unpacked again from their
   * blobs. Called once at start, after the snapshotter's `sweep`. Images that cannot be restored are removed.
   */
  recover(): Promise<{ readonly restored: readonly Digest[]; readonly lost: readonly Digest[] }>;
  /** Resolves when no layer is on its way to the disk any more. Nothing needs to wait for it. */
  settled(): Promise<void>;
}
