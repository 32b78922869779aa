import type { Digest } from "../base/index.ts";
import type { Collection, Records } from "../records/index.ts";

/** An index that was pushed: it holds on to all its platforms, though one alone is an image of this engine. */
export interface PushedIndex {
  readonly digest: Digest;
  /** The image that its name stood for when it was pushed: the index is forgotten when the name moves on. */
  readonly image: Digest;
  /** Manifests of all platforms, and what they refer to. */
  readonly manifests: readonly Digest[];
  readonly blobs: readonly Digest[];
}

/** How long a manifest that was pushed by digest alone waits for the index that names it. */
const waits = 10 * 60_000;

/** Indexes by the full name of the image, and manifests that have come ahead of theirs. */
export class PushedIndexes {
  readonly #records: Collection<PushedIndex>;
  readonly #imageOf: (name: string) => Digest | undefined;
  readonly #ahead = new Map<Digest, number>();

  constructor(records: Records, imageOf: (name: string) => Digest | undefined) {
    this.#records = records.collection("pushed-indexes");
    this.#imageOf = imageOf;
  }

  find(name: string, image: Digest): PushedIndex | undefined {
    const index = this.#records.find(name);
    return index?.image === image ? index : undefined;
  }

  put(name: string, index: PushedIndex): void {
    this.#records.put(name, index);
  }

  forget(name: string): void {
    this.#records.remove(name);
  }

  /** Notes a manifest that no index names yet. */
  awaits(manifest: Digest): void {
    const now = Date.now();
    for (const [digest, until] of this.#ahead) if (until <= now) this.#ahead.delete(digest);
    this.#ahead.set(manifest, now + waits);
  }

  /** Indexes and manifests that may be asked for by digest, beside those of images. */
  manifests(): readonly Digest[] {
    return [
      ...this.#live().flatMap(({ digest, manifests }) => [digest, ...manifests]),
      ...this.#ahead.keys(),
    ];
  }

  /** What a collection must leave. Forgets the indexes whose names stand for other images now. */
  roots(): ReadonlySet<Digest> {
    for (const [name, { image }] of this.#records.entries()) {
      if (this.#imageOf(name) !== image) this.#records.remove(name);
    }
    return new Set(this.#live().flatMap(({ digest, manifests, blobs }) => [digest, ...manifests, ...blobs]));
  }

  #live(): readonly PushedIndex[] {
    return this.#records
      .entries()
      .flatMap(([name, index]) => (this.#imageOf(name) === index.image ? [index] : []));
  }
}
