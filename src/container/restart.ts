import { EngineError, isKind, messageOf } from "../base/index.ts";
import { announceContainer } from "./facts.ts";
import { type StartHooks, type StartNeeds, startLocked } from "./start.ts";
import { isLive } from "./state.ts";
import { endProcesses, type StopOptions, stopContainer } from "./stop.ts";

/**
 * Stops a container, if it runs, and starts it; `--rm` waits for a later end. By policy, it stays as it is when it does
 * not run or when a user ends it meanwhile.
 */
export async function restartContainer(
  needs: StartNeeds,
  hooks: StartHooks,
  reference: string,
  options: StopOptions & { readonly byPolicy?: boolean },
): Promise<void> {
  const { id } = needs.store.get(reference);
  const live = needs.store.live(id);
  const before = needs.store.get(id);
  if (isLive(before.state)) live.restartRequested = true;
  try {
    await endProcesses(needs, id, options);
    if (isLive(before.state)) announceContainer(needs.announce, before, "stop");
    const started = await needs.store.locks.run(id, async () => {
      if (options.byPolicy && !live.restartRequested) return false;
      await startLocked(needs, hooks, id, { byPolicy: options.byPolicy ?? false });
      return true;
    });
    if (!started) return;
    announceContainer(needs.announce, needs.store.get(id), "restart");
  } finally {
    live.restartRequested = false;
  }
}

/** Does what a container's `on-unhealthy` says; one reaction at a time. Failures are logged. */
export async function reactToUnhealthy(needs: StartNeeds, hooks: StartHooks, id: string): Promise<void> {
  const record = needs.store.find(id);
  const reaction = record?.extensions?.onUnhealthy;
  const live = needs.store.live(id);
  if (!record || !reaction || live.reacting) return;
  live.reacting = true;
  try {
    needs.log.info("a container is unhealthy", { container: id, reaction });
    if (reaction === "restart") await restartContainer(needs, hooks, id, { byPolicy: true });
    else await stopContainer(needs, id, {});
  } catch (error) {
    const gone =
      isKind(error, "not-found") || (error instanceof EngineError && error.kind === "not-modified");
    if (!gone)
      needs.log.warn("cannot react to an unhealthy container", { container: id, error: messageOf(error) });
  } finally {
    live.reacting = false;
  }
}
