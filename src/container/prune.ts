import { isKind } from "../base/index.ts";
import { type RemoveNeeds, removeContainer } from "./remove.ts";
import { countsAsRunning } from "./state.ts";
import type { ContainerRecord } from "./types.ts";

/** Removes every container that does not run and that `matches`; anonymous volumes stay. */
export async function pruneContainers(
  needs: RemoveNeeds,
  matches: (record: ContainerRecord) => boolean,
): Promise<{ removed: string[]; bytes: number }> {
  const removed: string[] = [];
  let bytes = 0;
  for (const record of needs.store.list()) {
    if (countsAsRunning(record.state) || record.state.phase === "removing" || !matches(record)) continue;
    const usage = await needs.snapshots.usage(record.id).catch(() => ({ bytes: 0 }));
    try {
      await removeContainer(needs, record.id, { force: false, volumes: false });
    } catch (error) {
      // Started or removed meanwhile: it is no longer ours to prune.
      if (isKind(error, "conflict") || isKind(error, "not-found")) continue;
      throw error;
    }
    removed.push(record.id);
    bytes += usage.bytes;
  }
  // Whoever prunes wants the room.
  await needs.discards.drain();
  needs.announce({ type: "container", action: "prune", id: "", attributes: { reclaimed: String(bytes) } });
  return { removed, bytes };
}
