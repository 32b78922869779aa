import type { Collaborators } from "./collaborators.ts";
import { countsAsRunning } from "./state.ts";

export type WaitCondition = "not-running" | "next-exit" | "removed";

export interface WaitResult {
  readonly exitCode: number;
  readonly error: string;
}

/**
 * Waits for a container's end; listens from the moment of the call. Throws `not-found` at once. The promise never
 * settles when `signal` aborts first.
 */
export function waitContainer(
  needs: Pick<Collaborators, "store">,
  reference: string,
  options: { condition: WaitCondition; signal: AbortSignal },
): { result: Promise<WaitResult> } {
  const record = needs.store.get(reference);
  if (options.condition === "not-running" && !countsAsRunning(record.state)) {
    return { result: Promise.resolve({ exitCode: record.state.exitCode, error: record.state.error }) };
  }
  const { promise, resolve } = Promise.withResolvers<WaitResult>();
  const listening = needs.store.endings.on((ending) => {
    if (ending.id !== record.id) return;
    if (options.condition === "removed" && ending.kind !== "removed") return;
    listening[Symbol.dispose]();
    resolve({ exitCode: ending.exitCode, error: ending.error });
  });
  options.signal.addEventListener("abort", () => listening[Symbol.dispose](), { once: true });
  return { result: promise };
}
