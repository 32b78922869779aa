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
  if (typeof options.until === "object") {
    await staysUp(client, { ref, name }, { milliseconds: options.until.settled, signal: options.signal });
    return;
  }
  await becomes(client, { ref, name }, { until: options.until, signal: options.signal });
}

type Becoming = Exclude<WaitFor, object>;

async function becomes(
  client: Watchable,
  { ref, name }: ContainerRef,
  options: { readonly until: Becoming; readonly signal: AbortSignal },
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

/** Returns when the container has run for this long; throws as soon as it ends. */
async function staysUp(
  client: Watchable,
  { ref, name }: ContainerRef,
  { milliseconds, signal }: { readonly milliseconds: number; readonly signal: AbortSignal },
): Promise<void> {
  const enough = AbortSignal.timeout(milliseconds);
  const events = await client.system.openEvents({
    filters: { type: ["container"], container: [ref], event: ["die"] },
    signal: AbortSignal.any([signal, enough]),
  });
  try {
    const { Status, ExitCode } = await stateOf(client, { ref, name }, signal);
    if (Status !== "running") throw endedEarly(name, ExitCode);
    for await (const { Actor } of events) {
      throw endedEarly(name, Actor.Attributes.exitCode ?? "unknown");
    }
  } catch (error) {
    if (!enough.aborted || signal.aborted || error instanceof EngineError) throw error;
  }
}

function endedEarly(name: string, exitCode: string | number): EngineError {
  const message = `container ${name} exited (${exitCode}) soon after it was started: what else was to be replaced is left as it is`;
  return new EngineError("conflict", message, { subject: name });
}

async function isReached(
  client: Watchable,
  { ref, name }: ContainerRef,
  { until, signal }: { readonly until: Becoming; readonly signal: AbortSignal },
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
