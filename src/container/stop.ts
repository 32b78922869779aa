import { EngineError, isKind, parseSignal } from "../base/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { announceContainer } from "./facts.ts";
import { countsAsRunning, isLive } from "./state.ts";
import type { ContainerStore } from "./store.ts";
import type { ContainerRecord } from "./types.ts";

type Needs = Pick<Collaborators, "store" | "announce" | "step">;

export interface StopOptions {
  /** Seconds until SIGKILL; negative: wait forever; absent: the container's own, else 10. */
  readonly timeout?: number | undefined;
  /** Absent: the container's own, else SIGTERM. */
  readonly signal?: string | undefined;
}

const sigkill = 9;

/** Milliseconds that a killed container may take to end; one that hangs in the kernel takes longer. */
const killPatience = 30_000;

/** Stops a container: its signal, then SIGKILL when time is up. Throws `not-modified` when it does not run. */
export async function stopContainer(needs: Needs, reference: string, options: StopOptions): Promise<void> {
  const { id } = needs.store.get(reference);
  const record = needs.store.get(id);
  if (!countsAsRunning(record.state)) {
    throw new EngineError("not-modified", "container is already stopped", { subject: id });
  }
  overruleReaction(needs.store, id);
  await endProcesses(needs, id, options);
  const stopped = needs.store.find(id) ?? record;
  announceContainer(needs.announce, stopped, "stop");
}

/** As `stopContainer`, but a container that does not run is a success and nothing is announced as stop. */
export async function endProcesses(needs: Needs, id: string, options: StopOptions): Promise<void> {
  const record = needs.store.get(id);
  const signal = parseSignal(options.signal || record.config.StopSignal || "SIGTERM");
  const seconds = options.timeout ?? record.config.StopTimeout ?? 10;
  using ended = awaitEnding(needs.store, id);
  if (!(await beginStop(needs, id, signal))) return;
  if (await ended.within(seconds < 0 ? undefined : seconds * 1000)) return;
  await needs.store.locks.run(id, () => sendSignal(needs, id, sigkill));
  if (await ended.within(killPatience)) return;
  throw new EngineError("internal", "tried to kill container, but did not receive an exit event", {
    subject: id,
  });
}

/** Marks the container as stopped by a user and signals it; false when there is nothing to wait for. */
async function beginStop(needs: Needs, id: string, signal: number): Promise<boolean> {
  return await needs.store.locks.run(id, async () => {
    const record = needs.store.find(id);
    if (!record || !countsAsRunning(record.state)) return false;
    needs.store.transition(id, { kind: "stop-requested" });
    if (giveUpRestart(needs.store, id)) return false;
    await sendSignal(needs, id, signal);
    return true;
  });
}

/** Ends the wait of a container that is about to be restarted; true when it was waiting. Caller holds the lock. */
export function giveUpRestart(store: ContainerStore, id: string): boolean {
  if (store.get(id).state.phase !== "restarting") return false;
  store.live(id).cancelRestart();
  const record = store.transition(id, { kind: "restart-given-up" });
  store.endings.emit({ id, kind: "exited", exitCode: record.state.exitCode, error: "" });
  return true;
}

/** Sends a signal to init; a paused container is thawed so that the signal arrives. Caller holds the lock. */
export async function sendSignal(needs: Needs, id: string, signal: number): Promise<void> {
  const task = needs.store.live(id).task;
  const record = needs.store.find(id);
  if (!task || !record) return;
  try {
    await task.signal(signal);
    needs.step("stop:signalled");
    // Frozen by somebody else, it would not die.
    if (signal === sigkill && record.state.phase === "running") await task.resume().catch(() => {});
  } catch (error) {
    // It ended meanwhile: the exit road is on its way.
    if (!isKind(error, "conflict") && !isKind(error, "not-found")) throw error;
  }
  announceContainer(needs.announce, record, "kill", { signal: String(signal) });
  if (record.state.phase === "paused") {
    await task.resume();
    needs.step("stop:thawed");
    needs.store.transition(id, { kind: "resumed" });
    announceContainer(needs.announce, record, "unpause");
  }
}

/** `docker kill`: one signal. Throws `conflict` when the container does not run. */
export async function killContainer(needs: Needs, reference: string, signalName: string): Promise<void> {
  const { id } = needs.store.get(reference);
  const signal = parseSignal(signalName || "SIGKILL");
  using ended = awaitEnding(needs.store, id);
  await needs.store.locks.run(id, async () => {
    const record = needs.store.get(id);
    if (!countsAsRunning(record.state)) {
      throw new EngineError(
        "conflict",
        `cannot kill container: ${reference}: container ${id} is not running`,
        {
          subject: id,
        },
      );
    }
    if (endsIt(record, signal)) {
      overruleReaction(needs.store, id);
      needs.store.transition(id, { kind: "stop-requested" });
    }
    if (!giveUpRestart(needs.store, id)) await sendSignal(needs, id, signal);
  });
  const after = needs.store.find(id);
  if (signal === sigkill && after && isLive(after.state)) await ended.within(10_000);
}

/** A user who ends a container means it, also while it is being restarted because it is unhealthy. */
function overruleReaction(store: ContainerStore, id: string): void {
  const live = store.live(id);
  if (live.reacting) live.restartRequested = false;
}

/** Signals that a user sends to end a container hold its restart policy back. */
function endsIt(record: ContainerRecord, signal: number): boolean {
  return signal === sigkill || signal === parseSignal(record.config.StopSignal || "SIGTERM");
}

/** Listens for the end of a container's run from now on. */
export function awaitEnding(
  store: ContainerStore,
  id: string,
): Disposable & { within(milliseconds: number | undefined): Promise<boolean> } {
  const { promise, resolve } = Promise.withResolvers<true>();
  const listening = store.endings.on((ending) => {
    if (ending.id === id) resolve(true);
  });
  return {
    within: async (milliseconds) => {
      if (milliseconds === undefined) return await promise;
      const { promise: late, resolve: giveUp } = Promise.withResolvers<false>();
      const timer = setTimeout(() => giveUp(false), milliseconds);
      try {
        return await Promise.race([promise, late]);
      } finally {
        clearTimeout(timer);
      }
    },
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  };
}
