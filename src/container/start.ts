import { EngineError, messageOf, settleAll } from "../base/index.ts";
import type { Task } from "../runtime/index.ts";
import { bundleOf, type Collaborators } from "./collaborators.ts";
import { extraMounts } from "./extra-mounts.ts";
import { announceContainer, announceVolume } from "./facts.ts";
import { writeNetworkFiles } from "./files.ts";
import { logTarget } from "./logs.ts";
import { ensureBindSources } from "./mounts.ts";
import { announceEndpoints } from "./network-facts.ts";
import { openNetwork } from "./network-open.ts";
import { populateVolumes } from "./populate.ts";
import { checkPropagation } from "./propagation.ts";
import { specFor } from "./spec.ts";
import { rootfsFor } from "./throwaway-layer.ts";
import type { ContainerRecord } from "./types.ts";

export type StartNeeds = Pick<
  Collaborators,
  | "store"
  | "network"
  | "volumes"
  | "layers"
  | "snapshots"
  | "runtime"
  | "abilities"
  | "announce"
  | "log"
  | "paths"
  | "cgroupParent"
  | "logs"
  | "initPath"
  | "step"
>;

/** What happens to a container once it runs or could not be started; see `service.ts`. */
export interface StartHooks {
  /** The task runs and is recorded. */
  started(record: ContainerRecord, task: Task): void;
  /** The start failed and is recorded; clients are told after this. */
  failed(record: ContainerRecord, byPolicy: boolean): Promise<void>;
}

/**
 * Starts a container: network, files, volumes, specification, shim, waiting clients, init. All or nothing. Throws
 * `not-modified` when it runs already, and what the runtime throws; exit code and error are then on record.
 * The caller holds the container's lock.
 */
export async function startLocked(
  needs: StartNeeds,
  hooks: StartHooks,
  id: string,
  options: { byPolicy: boolean },
): Promise<void> {
  const record = needs.store.get(id);
  checkStartable(record);
  const live = needs.store.live(id);
  live.cancelRestart();
  if (!options.byPolicy) live.restartDelay = 0;
  needs.runtime.expectProcess();
  let task: Task | undefined;
  try {
    task = await prepareTask(needs, record);
    needs.store.live(id).task = task;
    await connectClients(needs, id, task);
    needs.step("start:clients-connected");
    await startInit(needs, id, task);
    needs.step("start:init-started");
  } catch (error) {
    const failure = startFailure(error);
    needs.store.live(id).task = undefined;
    await cleanUp(needs, record, task);
    needs.step("start:failure-cleaned-up");
    const failed = needs.store.transition(id, { kind: "start-failed", ...failure });
    needs.store.live(id).dismissClients();
    await hooks.failed(failed, options.byPolicy);
    throw new EngineError(error instanceof EngineError ? error.kind : "internal", failure.error, {
      subject: id,
      cause: error,
    });
  }
  const running = needs.store.transition(id, {
    kind: "started",
    pid: task.pid,
    at: new Date().toISOString(),
    byPolicy: options.byPolicy,
  });
  announceEndpoints(needs, running, needs.network.findSandbox(id)?.endpoints ?? [], "connect");
  announceContainer(needs.announce, running, "start");
  hooks.started(running, task);
}

async function startInit(needs: StartNeeds, id: string, task: Task): Promise<void> {
  const live = needs.store.live(id);
  live.starting = task;
  try {
    await task.start();
  } finally {
    live.starting = undefined;
  }
}

function checkStartable(record: ContainerRecord): void {
  const { phase } = record.state;
  if (phase === "running") {
    throw new EngineError("not-modified", "container is already running", { subject: record.id });
  }
  if (phase === "paused") {
    throw conflict("cannot start a paused container, try unpause instead", record.id);
  }
  if (phase === "removing" || phase === "dead") {
    throw conflict("container is marked for removal and cannot be started", record.id);
  }
}

function conflict(message: string, subject: string): EngineError {
  return new EngineError("conflict", message, { subject });
}

async function prepareTask(needs: StartNeeds, record: ContainerRecord): Promise<Task> {
  const rootfs = await needs.snapshots.mounts(record.id);
  await ensureBindSources(needs, record.mounts);
  await checkPropagation(record.mounts);
  await populateVolumes(needs, record, rootfs);
  needs.step("start:volumes-populated");
  const opened = await openNetwork(needs, record);
  needs.step("start:network-opened");
  const [spec] = await settleAll([
    specFor(needs, record, rootfs, opened),
    writeNetworkFiles(needs, record, opened),
  ]);
  needs.step("start:files-written");
  for (const { name, destination, writable, propagation } of record.mounts) {
    if (name === undefined) continue;
    const attributes = { container: record.id, destination, propagation, "read/write": String(writable) };
    announceVolume(needs.announce, "mount", { name, driver: "local" }, attributes);
  }
  return await needs.runtime.create({
    id: record.id,
    bundle: bundleOf(needs.paths, record.id),
    spec,
    rootfs: await rootfsFor(record, rootfs),
    extraMounts: await extraMounts(needs, record),
    tty: record.config.Tty ?? false,
    openStdin: record.config.OpenStdin ?? false,
    stdinOnce: record.config.StdinOnce ?? false,
    log: logTarget(needs, record),
    ...(record.hostConfig.Runtime ? { runtime: record.hostConfig.Runtime } : {}),
  });
}

/** Clients that attached before the start get their streams now, so that not a byte of output is missed. */
async function connectClients(needs: StartNeeds, id: string, task: Task): Promise<void> {
  const waiting = needs.store.live(id).waitingClients;
  for (const client of [...waiting]) {
    waiting.delete(client);
    client.resolve(await task.attach({ stdin: client.stdin, from: "now" }));
  }
}

/** Docker's exit code and words for a start that failed. */
function startFailure(error: unknown): { code: number; error: string } {
  const codes: Readonly<Record<string, number>> = {
    "command-not-found": 127,
    "not-executable": 126,
    "start-failed": 128,
  };
  const code = error instanceof EngineError ? codes[error.subject] : undefined;
  return { code: code ?? 128, error: messageOf(error) };
}

async function cleanUp(needs: StartNeeds, record: ContainerRecord, task: Task | undefined): Promise<void> {
  const steps = [
    () => task?.destroy(),
    () => needs.network.closeSandbox(record.id),
    () => needs.runtime.removeBundle(bundleOf(needs.paths, record.id)),
  ];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      needs.log.warn("cannot clean up after a failed start", {
        container: record.id,
        error: messageOf(error),
      });
    }
  }
}

/** Starts a container by any reference, under its lock. */
export async function startContainer(needs: StartNeeds, hooks: StartHooks, reference: string): Promise<void> {
  const { id } = needs.store.get(reference);
  await needs.store.locks.run(id, () => startLocked(needs, hooks, id, { byPolicy: false }));
}

/** Starts a container for its restart policy, unless a user decided otherwise meanwhile. */
export async function restartByPolicy(needs: StartNeeds, hooks: StartHooks, id: string): Promise<void> {
  await needs.store.locks.run(id, async () => {
    const record = needs.store.find(id);
    if (record?.state.phase !== "restarting") return;
    await startLocked(needs, hooks, id, { byPolicy: true });
  });
}
