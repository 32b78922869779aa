import { setTimeout as delay } from "node:timers/promises";
import { EngineError, messageOf } from "../base/index.ts";
import { bundleOf, type Collaborators, homeOf } from "./collaborators.ts";
import { announceContainer, announceVolume } from "./facts.ts";
import { imageSnapshots } from "./mounts.ts";
import { countsAsRunning } from "./state.ts";
import { endProcesses, giveUpRestart } from "./stop.ts";
import type { ContainerRecord } from "./types.ts";

export type RemoveNeeds = Pick<
  Collaborators,
  | "store"
  | "network"
  | "snapshots"
  | "volumes"
  | "announce"
  | "paths"
  | "log"
  | "runtime"
  | "step"
  | "discards"
>;

export interface RemoveOptions {
  /** Kill it first when it runs. */
  readonly force: boolean;
  /** Its anonymous volumes too. */
  readonly volumes: boolean;
}

/** Removes a container and all that is only its own. Throws `conflict` when it runs and is not forced. */
export async function removeContainer(
  needs: RemoveNeeds,
  reference: string,
  options: RemoveOptions,
): Promise<void> {
  const { id } = needs.store.get(reference);
  if (needs.store.get(id).state.phase === "removing") {
    throw new EngineError("conflict", `removal of container ${reference} is already in progress`, {
      subject: id,
    });
  }
  if (options.force) {
    await cutShortStart(needs, id);
    await endProcesses(needs, id, { signal: "SIGKILL", timeout: 10 }).catch((error: unknown) => {
      if (needs.store.find(id)) throw error;
    });
  }
  await needs.store.locks.run(id, async () => {
    const record = needs.store.find(id);
    // `--rm` was faster.
    if (!record) return;
    if (record.state.phase === "restarting" && options.force) giveUpRestart(needs.store, id);
    checkRemovable(needs.store.get(id), reference);
    await removeLocked(needs, record, options);
  });
}

/** Milliseconds that a start may still take when its container is to be removed by force. */
const startPatience = 1000;

/** A runtime that hangs would keep the removal waiting for as long as a start may take. */
async function cutShortStart(needs: RemoveNeeds, id: string): Promise<void> {
  const { starting } = needs.store.live(id);
  if (!starting) return;
  const deadline = Date.now() + startPatience;
  while (needs.store.live(id).starting === starting) {
    if (Date.now() > deadline) return await starting.abandon();
    await delay(10);
  }
}

/** Removes a container that does not run. The caller holds its lock. A failure leaves it `dead`, to be tried again. */
export async function removeLocked(
  needs: RemoveNeeds,
  record: ContainerRecord,
  options: { volumes: boolean },
): Promise<void> {
  const { id } = record;
  needs.store.transition(id, { kind: "removal-began", volumes: options.volumes });
  needs.store.live(id).dismissClients();
  try {
    await needs.network.closeSandbox(id);
    needs.step("remove:network-closed");
    await needs.snapshots.remove(id);
    for (const key of imageSnapshots(record.mounts)) await needs.snapshots.remove(key);
    needs.step("remove:layer-removed");
    await needs.runtime.removeBundle(bundleOf(needs.paths, id));
    needs.step("remove:bundle-removed");
  } catch (error) {
    needs.store.transition(id, { kind: "removal-failed", error: messageOf(error) });
    throw error;
  }
  if (options.volumes) await removeAnonymousVolumes(needs, record);
  needs.step("remove:volumes-removed");
  needs.store.remove(id);
  needs.step("remove:recorded");
  // A home without a record is nobody's: from here on a kill leaves it to the next start.
  await discardHome(needs, id);
  announceContainer(needs.announce, record, "destroy");
  needs.store.endings.emit({ id, kind: "removed", exitCode: record.state.exitCode, error: "" });
}

/** Deletes a container's files, once nobody reads its log any more: `--rm` is quicker than many a reader. */
async function discardHome(needs: RemoveNeeds, id: string): Promise<void> {
  const home = homeOf(needs.paths, id);
  const read = needs.store.readers.part(id);
  if (read) void read.then(() => needs.discards.take(home));
  else await needs.discards.take(home);
}

function checkRemovable(record: ContainerRecord, reference: string): void {
  if (!countsAsRunning(record.state)) return;
  const { phase } = record.state;
  const what =
    phase === "paused" ? "container is paused and must be unpaused first" : `container is ${phase}`;
  const how = phase === "paused" ? "" : ": stop the container before removing or force remove";
  throw new EngineError(
    "conflict",
    `cannot remove container "${reference.startsWith("/") ? reference : displayName(record, reference)}": ${what}${how}`,
    { subject: record.id },
  );
}

function displayName(record: ContainerRecord, reference: string): string {
  return reference === record.name ? `/${reference}` : reference;
}

async function removeAnonymousVolumes(needs: RemoveNeeds, record: ContainerRecord): Promise<void> {
  for (const { name } of record.mounts) {
    const volume = name === undefined ? undefined : needs.volumes.find(name);
    const others = needs.store.list().filter(({ id }) => id !== record.id);
    if (!volume?.anonymous || volumeUsers(others, volume.name).length > 0) continue;
    try {
      await needs.volumes.remove(volume.name, { usedBy: [] });
      announceVolume(needs.announce, "destroy", volume);
    } catch (error) {
      needs.log.warn("cannot remove a volume", { volume: volume.name, error: messageOf(error) });
    }
  }
}

/** IDs of the containers that mount a volume. */
export function volumeUsers(records: readonly ContainerRecord[], name: string): string[] {
  return records.filter((record) => record.mounts.some((mount) => mount.name === name)).map(({ id }) => id);
}
