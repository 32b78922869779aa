import { messageOf } from "../base/index.ts";
import type { ExitStatus, Task } from "../runtime/index.ts";
import { bundleOf, type Collaborators } from "./collaborators.ts";
import { discardChanges } from "./ephemeral.ts";
import { announceContainer, announceVolume } from "./facts.ts";
import { announceEndpoints } from "./network-facts.ts";
import { nextDelay, parseRestartPolicy, wantsRestart } from "./restart-policy.ts";
import type { ContainerRecord } from "./types.ts";

export type ExitNeeds = Pick<
  Collaborators,
  "store" | "network" | "snapshots" | "announce" | "log" | "paths" | "runtime" | "step"
>;

/** What may follow an exit; see `service.ts`. */
export interface ExitHooks {
  /** The restart policy's time has come. Runs outside the lock. */
  restart(id: string): void;
  /** `--rm`: the container is to go. Runs under the lock. */
  remove(record: ContainerRecord): Promise<void>;
}

/** Follows a task to its end: the one road on which a container becomes exited. */
export function watchExit(needs: ExitNeeds, hooks: ExitHooks, id: string, task: Task): void {
  task.exited
    .then((status) =>
      needs.store.locks.run(id, async () => {
        if (needs.store.live(id).task === task) await containerExited(needs, hooks, id, status);
      }),
    )
    .catch((error: unknown) => {
      needs.log.error("cannot record the end of a container", { container: id, error: messageOf(error) });
    });
}

/** Closes the network, records the exit code, decides about a restart. The caller holds the lock. */
export async function containerExited(
  needs: ExitNeeds,
  hooks: ExitHooks,
  id: string,
  status: ExitStatus,
): Promise<void> {
  const live = needs.store.live(id);
  live.task = undefined;
  live.health?.[Symbol.dispose]();
  const before = needs.store.get(id);
  const left = needs.network.findSandbox(id)?.endpoints ?? [];
  needs.step("exit:noticed");
  await quietly(needs, id, () => needs.network.closeSandbox(id));
  needs.step("exit:network-closed");
  await discardChanges(needs, before);
  const restart = decide(before, status);
  const record = needs.store.transition(id, {
    kind: "exited",
    code: status.code,
    oomKilled: status.oomKilled,
    at: status.exitedAt,
    restart,
  });
  // Only now: the exit status lies in there, and without it a kill would leave nobody who knows.
  await quietly(needs, id, () => needs.runtime.removeBundle(bundleOf(needs.paths, id)));
  needs.step("exit:bundle-removed");
  if (status.oomKilled) announceContainer(needs.announce, record, "oom");
  announceContainer(needs.announce, record, "die", {
    exitCode: String(status.code),
    execDuration: String(Math.floor(ranFor(record) / 1000)),
  });
  announceEndpoints(needs, record, left, "disconnect");
  for (const { name } of record.mounts) {
    if (name !== undefined)
      announceVolume(needs.announce, "unmount", { name, driver: "local" }, { container: id });
  }
  needs.store.endings.emit({ id, kind: "exited", exitCode: status.code, error: "" });
  live.dismissClients();
  if (restart) {
    live.scheduleRestart(nextDelay(live.restartDelay, ranFor(record)), () => hooks.restart(id));
  } else if (record.hostConfig.AutoRemove && !live.restartRequested) {
    await hooks.remove(record);
  }
}

function decide(record: ContainerRecord, status: ExitStatus): boolean {
  if (record.state.phase === "removing") return false;
  return wantsRestart(parseRestartPolicy(record.hostConfig.RestartPolicy), {
    exitCode: status.code,
    restartCount: record.state.restartCount,
    stoppedByUser: record.state.stoppedByUser,
  });
}

function ranFor(record: ContainerRecord): number {
  return Math.max(0, Date.parse(record.state.finishedAt) - Date.parse(record.state.startedAt)) || 0;
}

/** What cannot be cleaned up is found by the next start of the engine. */
async function quietly(needs: ExitNeeds, id: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    needs.log.warn("cannot clean up after a container", { container: id, error: messageOf(error) });
  }
}
