import { RegistryError } from "./error.ts";
import type { RegistryLimits } from "./types.ts";

/** Decides after each failure whether to go on, and waits before it does. */
export interface Patience {
  /**
   * Resolves when it is time for another try. Throws `error` when another try is of no use, what `giveUp` makes of
   * it when there were enough, and the signal's reason when it aborts. `progress`: the try was not in vain, so
   * counting begins again.
   */
  after(error: RegistryError, progress: boolean): Promise<void>;
}

export function createPatience(
  limits: RegistryLimits,
  signal: AbortSignal | undefined,
  giveUp: (error: RegistryError) => RegistryError = (error) => error,
): Patience {
  let fruitless = 0;
  return {
    async after(error, progress) {
      if (!error.retryable) throw error;
      // Coming back earlier than asked for is no use, and nobody waits that long.
      if ((error.retryAfter ?? 0) > limits.longestWait) throw giveUp(error);
      fruitless = progress ? 1 : fruitless + 1;
      if (fruitless >= limits.tries) throw giveUp(error);
      await pause(waitOf(fruitless, error, limits), signal);
    },
  };
}

/** Runs `attempt` until it succeeds or patience is at its end. A registry that is not there is not waited for. */
export async function persist<T>(
  attempt: () => Promise<T>,
  limits: RegistryLimits,
  signal: AbortSignal | undefined,
): Promise<T> {
  const patience = createPatience(limits, signal);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof RegistryError) || !error.reached) throw error;
      await patience.after(error, false);
    }
  }
}

/**
 * As long as the registry asks for, else twice as long each time and up to half of it less, so that many clients do
 * not come back in step.
 */
function waitOf(tried: number, error: RegistryError, limits: RegistryLimits): number {
  const doubled = limits.firstWait * 2 ** (tried - 1) * (1 - Math.random() / 2);
  return Math.min(error.retryAfter ?? doubled, limits.longestWait);
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const leave = (): void => resolve();
  signal?.addEventListener("abort", leave, { once: true });
  await promise;
  clearTimeout(timer);
  signal?.removeEventListener("abort", leave);
  signal?.throwIfAborted();
}
