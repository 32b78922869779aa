import { type Digest, isKind } from "../base/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { blobsOfImages } from "./collect.ts";

type Needs = Pick<Collaborators, "content" | "snapshots" | "records" | "leases">;

/** The kernel stamps new files with a coarse clock that runs behind. */
const clockStep = 50;

/** What one piece of work has named, and since when. */
interface Work {
  readonly since: number;
  readonly digests: ReadonlySet<Digest>;
}

/**
 * Removes what this piece of work has stored and no image has come to need: all of it after a failure, the
 * superfluous after a success. What was there before stays, and so does what another lease names.
 */
export async function discardFresh(needs: Needs, work: Work): Promise<void> {
  const needed = blobsOfImages(needs.records);
  const images = new Set(needs.records.list().flatMap(({ chainID }) => (chainID ? [chainID] : [])));
  // Snapshots were named from the bottom up; they go from the top down.
  for (const digest of [...work.digests].reverse()) {
    if (needs.leases.holders(digest) > 1) continue;
    const committed = needs.snapshots.committedAt(digest);
    if (committed !== undefined && committed >= work.since && !images.has(digest))
      await removeSnapshot(needs, digest);
    const found = await needs.content.find(digest);
    if (found && found.created >= work.since - clockStep && !needed.has(digest))
      await needs.content.remove(digest, { unless: () => needs.leases.holders(digest) > 1 });
  }
}

async function removeSnapshot({ snapshots }: Needs, chain: Digest): Promise<void> {
  try {
    await snapshots.removeCommitted(chain);
  } catch (error) {
    if (!isKind(error, "conflict")) throw error;
  }
}
