import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { Limiter, messageOf } from "../base/index.ts";
import type { ExitStatus, Task } from "../runtime/index.ts";
import { bundleOf, type Collaborators } from "./collaborators.ts";
import { discardChanges, ensureLayer } from "./ephemeral.ts";
import type { ExitHooks, ExitNeeds } from "./exited.ts";
import { ownerOfSnapshot } from "./mounts.ts";
import { reconcile } from "./reconcile.ts";
import { type RemoveNeeds, removeLocked, volumeUsers } from "./remove.ts";
import { parseRestartPolicy, startsAtBoot } from "./restart-policy.ts";
import { isLive } from "./state.ts";
import type { ContainerRecord } from "./types.ts";

type Needs = RemoveNeeds & ExitNeeds & Pick<Collaborators, "runtime" | "snapshots" | "abilities">;

/** What was found of one container after a start of the engine. */
type Found =
  | { readonly kind: "alive"; readonly record: ContainerRecord; readonly task: Task }
  | { readonly kind: "ended"; readonly record: ContainerRecord; readonly exit: ExitStatus }
  | { readonly kind: "idle"; readonly record: ContainerRecord };

/** What recovery learned, to be acted upon once networks are restored. */
export interface Recovered {
  /** IDs whose network stacks are in use. */
  readonly alive: ReadonlySet<string>;
  /** Records what was found, resumes restarts, finishes removals. */
  settle(hooks: RecoveryHooks): Promise<void>;
}

export interface RecoveryHooks extends ExitHooks {
  started(record: ContainerRecord, task: Task): void;
}

const atOnce = 16;

/** Looks for the task of every container, many at a time, and drops what a killed create or remove left behind. */
export async function recoverContainers(needs: Needs): Promise<Recovered> {
  await mkdir(needs.paths.tasks, { recursive: true, mode: 0o711 });
  await mkdir(needs.paths.containers, { recursive: true, mode: 0o711 });
  const limiter = new Limiter(atOnce);
  const records = needs.store.list();
  const found = await Promise.all(records.map((record) => limiter.run(() => look(needs, record))));
  const known = new Set(records.map(({ id }) => id));
  needs.step("recover:tasks-found");
  const alive = new Set(found.filter((one) => one.kind === "alive").map((one) => one.record.id));
  await needs.runtime.sweep(needs.paths.tasks, known, alive);
  needs.step("recover:swept");
  await removeOrphans(needs, known);
  await settleVolumes(needs);
  return {
    alive,
    settle: async (hooks) => {
      for (const one of found) await settleOne(needs, hooks, one);
    },
  };
}

async function look(needs: Needs, record: ContainerRecord): Promise<Found> {
  const bundle = bundleOf(needs.paths, record.id);
  const wasLive = isLive(record.state);
  if (!wasLive && !existsSync(bundle)) return { kind: "idle", record };
  try {
    const recovered = await needs.runtime.recover(record.id, bundle);
    if (recovered && "task" in recovered) return await adopt(record, recovered.task);
    if (recovered) return { kind: "ended", record, exit: recovered.exit };
  } catch (error) {
    needs.log.error("cannot recover a container", { container: record.id, error: messageOf(error) });
  }
  return wasLive ? { kind: "ended", record, exit: unknownEnd() } : { kind: "idle", record };
}

/** A task that was never started belongs to a start that a kill cut off. */
async function adopt(record: ContainerRecord, task: Task): Promise<Found> {
  if (task.pid > 0 && record.state.phase !== "removing") return { kind: "alive", record, task };
  await task.destroy();
  return { kind: "idle", record };
}

function unknownEnd(): ExitStatus {
  return { code: 255, oomKilled: false, exitedAt: new Date().toISOString() };
}

async function settleOne(needs: Needs, hooks: RecoveryHooks, found: Found): Promise<void> {
  const { id } = found.record;
  try {
    await needs.store.locks.run(id, async () => {
      if (found.kind === "alive") return settleAlive(needs, hooks, found.record, found.task);
      if (found.kind === "ended") {
        await discardChanges(needs, found.record);
        recordEnd(needs, found.record, found.exit);
      }
      await ensureLayer(needs, found.record);
      await needs.runtime.removeBundle(bundleOf(needs.paths, id));
      await settleIdle(needs, hooks, needs.store.get(id));
    });
  } catch (error) {
    needs.log.error("cannot settle a container", { container: id, error: messageOf(error) });
  }
}

async function settleAlive(
  needs: Needs,
  hooks: RecoveryHooks,
  record: ContainerRecord,
  task: Task,
): Promise<void> {
  needs.store.live(record.id).task = task;
  // Init runs, the kill came before that was recorded.
  if (!isLive(record.state)) recordStart(needs, record, { pid: task.pid, at: new Date().toISOString() });
  await reconcile(needs, record.id, task);
  hooks.started(needs.store.get(record.id), task);
}

function recordStart(needs: Needs, { id, state }: ContainerRecord, start: { pid: number; at: string }): void {
  needs.store.transition(id, { kind: "started", ...start, byPolicy: state.phase === "restarting" });
}

function recordEnd(needs: Needs, record: ContainerRecord, exit: ExitStatus): void {
  // The end is on record already when the kill came before the bundle was removed.
  if (!isLive(record.state) && record.state.finishedAt === exit.exitedAt) return;
  // It was over before the start of it was on record.
  if (!isLive(record.state)) recordStart(needs, record, { pid: 0, at: exit.exitedAt });
  needs.store.transition(record.id, {
    kind: "exited",
    code: exit.code,
    oomKilled: exit.oomKilled,
    at: exit.exitedAt,
    restart: false,
  });
}

async function settleIdle(needs: Needs, hooks: RecoveryHooks, record: ContainerRecord): Promise<void> {
  const { phase } = record.state;
  if (phase === "removing" || phase === "dead")
    return await removeLocked(needs, record, { volumes: volumesGo(record) });
  const neverStarted = record.state.startedAt === "";
  if (record.hostConfig.AutoRemove && !neverStarted) return await hooks.remove(record);
  if (neverStarted) return;
  const policy = parseRestartPolicy(record.hostConfig.RestartPolicy);
  const wants = startsAtBoot(policy, record.state);
  if (phase !== "restarting" && !wants) return;
  needs.store.put({ ...record, state: { ...record.state, phase: wants ? "restarting" : "exited" } });
  if (wants) needs.store.live(record.id).scheduleRestart(0, () => hooks.restart(record.id));
}

/** As whoever began the removal wanted it. */
function volumesGo({ state, hostConfig }: ContainerRecord): boolean {
  return state.removesVolumes ?? hostConfig.AutoRemove ?? false;
}

/** Anonymous volumes of creates that a kill cut off before their container was on record. */
async function settleVolumes(needs: Needs): Promise<void> {
  for (const name of needs.volumes.provisional()) {
    if (volumeUsers(needs.store.list(), name).length > 0) needs.volumes.keep(name);
    else await needs.volumes.remove(name, { usedBy: [] });
  }
}

/** Directories and writable layers without a record: creates that a kill cut off, and builds. */
async function removeOrphans(needs: Needs, known: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(needs.paths.containers)) {
    if (!known.has(name)) await needs.discards.take(join(needs.paths.containers, name));
  }
  for (const { key } of await needs.snapshots.listActive()) {
    if (!known.has(ownerOfSnapshot(key))) await needs.snapshots.remove(key);
  }
  await needs.discards.drain();
}
