import type { Digest } from "../base/index.ts";
import type { ImageLease } from "./types.ts";

/** How long a layer without image stays when no lease names it. */
const grace = 10 * 60 * 1000;

interface Held {
  readonly since: number;
  readonly digests: Set<Digest>;
}

/** All leases of one image service. */
export class Leases {
  readonly #open = new Set<Held>();
  readonly #young = new Map<Digest, number>();

  open(): ImageLease & { readonly since: number; readonly digests: ReadonlySet<Digest> } {
    const held: Held = { since: Date.now(), digests: new Set() };
    this.#open.add(held);
    return {
      ...held,
      protect: (digest) => void held.digests.add(digest),
      [Symbol.dispose]: () => void this.#open.delete(held),
    };
  }

  /** Protects a digest for a while, whatever leases there are. */
  grace(digest: Digest, milliseconds = grace): void {
    this.#young.set(digest, Math.max(this.#young.get(digest) ?? 0, Date.now() + milliseconds));
  }

  /** Ends the grace of digests that an image has by now. */
  settle(digests: readonly Digest[]): void {
    for (const digest of digests) this.#young.delete(digest);
  }

  /** The digests that leases name, and those in their grace. */
  named(): ReadonlySet<Digest> {
    const now = Date.now();
    for (const [digest, until] of this.#young) if (until <= now) this.#young.delete(digest);
    return new Set([...this.#young.keys(), ...[...this.#open].flatMap(({ digests }) => [...digests])]);
  }

  /** How many leases name this digest. */
  holders(digest: Digest): number {
    return [...this.#open].filter(({ digests }) => digests.has(digest)).length;
  }

  /** What was stored at this moment or later is protected; undefined when no lease is open. */
  oldest(): number | undefined {
    const times = [...this.#open].map(({ since }) => since);
    return times.length > 0 ? Math.min(...times) : undefined;
  }
}
