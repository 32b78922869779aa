import { EngineError, isKind } from "../base/index.ts";
import type { Client } from "../client/index.ts";
import type { ContainerState } from "../wire/index.ts";
import type { ContainerRef, WaitFor } from "./operation.ts";

/** The parts of the client that waiting needs. */
export interface Watchable {
  readonly containers: Pick<Client["containers"], "inspect">;
  readonly system: Pick<Client["system"], "openEvents">;
}

/**
 * Waits until a container is as `until` says, by the engine's events. Throws `conflict` when it can no longer become
 * so: unhealthy, ended, gone, without a health check.
 */
export async function waitForContainer(
  client: Watchable,
  { ref, name }: ContainerRef,
  options: { readonly until: WaitFor; readonly signal: AbortSignal },
): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  // Watch first, look then: nothing that happens in between is missed.
  const events = await client.system.openEvents({
    filters: { type: ["container"], container: [ref] },
    signal,
  });
  try {
    if (await isReached(client, { ref, name }, options)) return;
    for await (const { Action } of events) {
      if (Action.startsWith("exec_")) continue;
      if (await isReached(client, { ref, name }, options)) return;
    }
    throw failed(name, `no longer watched: the engine ended its events`);
  } finally {
    stop.abort();
  }
}

async function isReached(
  client: Watchable,
  { ref, name }: ContainerRef,
  { until, signal }: { readonly until: WaitFor; readonly signal: AbortSignal },
): Promise<boolean> {
  const state = await stateOf(client, { ref, name }, signal);
  if (until === "completed") return isCompleted(state, name);
  const health = state.Health?.Status;
  if (health === "healthy") return true;
  if (health === "unhealthy") throw failed(name, "is unhealthy");
  if (state.Status === "exited" || state.Status === "dead") throw failed(name, `exited (${state.ExitCode})`);
  if (state.Status !== "running") return false;
  if (health !== undefined && health !== "none") return false;
  if (until === "healthy") throw failed(name, "has no healthcheck configured");
  return true;
}

function isCompleted(state: ContainerState, name: string): boolean {
  if (state.Status !== "exited") return false;
  if (state.ExitCode !== 0) throw failed(name, `didn't complete successfully: exit ${state.ExitCode}`);
  return true;
}

async function stateOf(
  client: Watchable,
  { ref, name }: ContainerRef,
  signal: AbortSignal,
): Promise<ContainerState> {
  try {
    return (await client.containers.inspect(ref, { signal })).State;
  } catch (error) {
    if (isKind(error, "not-found")) throw failed(name, "is gone");
    throw error;
  }
}

function failed(name: string, what: string): EngineError {
  return new EngineError("conflict", `dependency failed to start: container ${name} ${what}`, {
    subject: name,
  });
}
