/** Aborts a request for which nothing happens for too long. */
export interface Watchdog {
  /** The caller's signal or time, whichever comes first. */
  readonly signal: AbortSignal;
  /** True when time was up. */
  expired(): boolean;
  /** Something happened: `milliseconds` from now on. */
  feed(milliseconds: number): void;
  /** The other side has done its part: no limit until `feed`. */
  hold(): void;
  /** No more waiting; must be called in the end. */
  stop(): void;
  /** Gives the connection up. */
  abort(): void;
}

export function createWatchdog(signal: AbortSignal | undefined, milliseconds: number): Watchdog {
  const controller = new AbortController();
  let expired = false;
  let stopped = false;
  let deadline = performance.now() + milliseconds;
  let timer: { readonly at: number; readonly id: ReturnType<typeof setTimeout> } | undefined;

  // Fed with every piece of a body: so a timer is not set anew each time, but looks at the deadline when it fires.
  const watch = (): void => {
    if (stopped || deadline === Number.POSITIVE_INFINITY) return;
    if (timer !== undefined && timer.at <= deadline) return;
    clearTimeout(timer?.id);
    timer = { at: deadline, id: setTimeout(look, Math.max(1, deadline - performance.now())) };
  };
  const look = (): void => {
    timer = undefined;
    if (performance.now() < deadline) watch();
    else {
      expired = true;
      controller.abort(new Error("time is up"));
    }
  };
  const leave = (): void => controller.abort(signal?.reason);
  watch();
  if (signal?.aborted) leave();
  signal?.addEventListener("abort", leave, { once: true });
  return {
    signal: controller.signal,
    expired: () => expired,
    feed(next) {
      deadline = performance.now() + next;
      watch();
    },
    hold() {
      deadline = Number.POSITIVE_INFINITY;
    },
    stop() {
      stopped = true;
      clearTimeout(timer?.id);
      timer = undefined;
      signal?.removeEventListener("abort", leave);
    },
    abort: () => controller.abort(new Error("not wanted any more")),
  };
}
