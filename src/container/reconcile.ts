import { messageOf } from "../base/index.ts";
import type { Task } from "../runtime/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { endpointKey } from "./connect.ts";
import { rewriteHosts } from "./files.ts";
import { renameEndpoints } from "./rename.ts";
import { resourcesOf } from "./resources.ts";
import type { ContainerRecord } from "./types.ts";

type Needs = Pick<Collaborators, "store" | "network" | "paths" | "log">;

/**
 * Brings record, network and kernel of a container that runs together again where a kill came between two of them.
 * What cannot be brought together is logged. The caller holds the container's lock; networks are restored.
 */
export async function reconcile(needs: Needs, id: string, task: Task): Promise<void> {
  const steps: readonly [what: string, work: (record: ContainerRecord) => Promise<void> | void][] = [
    ["whether it is paused", (record) => settleFreezer(record, task)],
    ["its limits", (record) => settleLimits(needs, record, task)],
    ["its networks", (record) => settleEndpoints(needs, record)],
    ["its names", (record) => renameEndpoints(needs, record)],
    ["its hosts file", (record) => settleHosts(needs, record)],
  ];
  for (const [what, work] of steps) {
    try {
      await work(needs.store.get(id));
    } catch (error) {
      needs.log.warn(`cannot settle ${what}`, { container: id, error: messageOf(error) });
    }
  }
}

/** A kill may have come between freezing or thawing and the record of it; the record holds. */
async function settleFreezer(record: ContainerRecord, task: Task): Promise<void> {
  if (record.state.phase === "paused") await task.pause();
  else await task.resume();
}

/** New limits that were on record when the kill came are set now; what the kernel refuses is taken back. */
async function settleLimits(needs: Needs, record: ContainerRecord, task: Task): Promise<void> {
  const { updatingFrom, ...settled } = record;
  if (!updatingFrom) return;
  try {
    const { PidsLimit: pids } = settled.hostConfig;
    await task.update({ ...resourcesOf(settled.hostConfig), pids: { limit: pids && pids > 0 ? pids : -1 } });
    needs.store.put(settled);
  } catch (error) {
    needs.store.put({ ...settled, hostConfig: updatingFrom });
    throw error;
  }
}

/** An endpoint that only the kernel has is taken off again; one that only the record has is gone. */
async function settleEndpoints(needs: Needs, record: ContainerRecord): Promise<void> {
  const sandbox = needs.network.findSandbox(record.id);
  if (!sandbox || record.config.NetworkDisabled) return;
  const networks = sandbox.endpoints.map(({ networkID }) => needs.network.get(networkID));
  const known = new Set(networks.map((network) => endpointKey(record, network)));
  const kept = Object.entries(record.endpoints).filter(([key]) => known.has(key));
  if (kept.length < Object.keys(record.endpoints).length) {
    needs.store.put({ ...record, endpoints: Object.fromEntries(kept) });
  }
  for (const network of networks) {
    if (endpointKey(record, network) === undefined) await needs.network.disconnect(record.id, network.id);
  }
}

async function settleHosts(needs: Needs, record: ContainerRecord): Promise<void> {
  if (needs.network.findSandbox(record.id)) await rewriteHosts(needs, record);
}
