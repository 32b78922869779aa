import { isKind, messageOf } from "../base/index.ts";
import type { Collaborators } from "./collaborators.ts";
import type { ContainerRecord } from "./types.ts";
import { prepareLayer } from "./writable-layer.ts";

type Needs = Pick<Collaborators, "snapshots" | "log" | "step">;

/**
 * Gives an ephemeral container whose run is over a new, empty writable layer; any other keeps its own. Comes before
 * the end is recorded, so that a kill in between is found by recovery and done again. A failure is logged.
 */
export async function discardChanges(needs: Needs, record: ContainerRecord): Promise<void> {
  if (!record.extensions?.ephemeral) return;
  try {
    await needs.snapshots.remove(record.id);
    needs.step("exit:layer-discarded");
    await prepareLayer(needs, record);
  } catch (error) {
    needs.log.error("cannot throw a writable layer away", {
      container: record.id,
      error: messageOf(error),
    });
  }
}

/** Makes the writable layer of an ephemeral container again where throwing the last one away was cut off. */
export async function ensureLayer(
  needs: Pick<Collaborators, "snapshots">,
  record: ContainerRecord,
): Promise<void> {
  if (!record.extensions?.ephemeral) return;
  try {
    await needs.snapshots.mounts(record.id);
  } catch (error) {
    if (!isKind(error, "not-found")) throw error;
    await prepareLayer(needs, record);
  }
}
