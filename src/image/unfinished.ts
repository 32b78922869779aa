import type { Digest } from "../base/index.ts";
import type { Collection, Records } from "../records/index.ts";

/** How long what an unfinished pull has brought is kept for the next attempt, in milliseconds. */
const patience = 24 * 3600 * 1000;

interface PullRecord {
  readonly since: number;
  readonly digests: readonly Digest[];
}

/**
 * Pulls that have begun and not ended: what they have brought so far stays, also over a restart, for the next attempt
 * to go on from. One that nobody goes on with within a day is forgotten.
 */
export interface Unfinished {
  /** Notes what a pull needs: blobs by digest, layers by chainID. */
  note(manifest: Digest, digests: readonly Digest[]): void;
  /** It has ended: from now on only images hold on to what it has brought. */
  forget(manifest: Digest): void;
  /** What all of them need. */
  digests(): ReadonlySet<Digest>;
}

export function openUnfinished(records: Records): Unfinished {
  const pulls: Collection<PullRecord> = records.collection("pulls");
  return {
    note: (manifest, digests) => pulls.put(manifest, { since: Date.now(), digests }),
    forget: (manifest) => pulls.remove(manifest),
    digests() {
      const now = Date.now();
      for (const [key, { since }] of pulls.entries()) if (since + patience < now) pulls.remove(key);
      return new Set(pulls.list().flatMap(({ digests }) => digests));
    },
  };
}
