/** Aborts a request for which nothing happens for too long. */
export interface Watchdog {
  /** The caller's signal or time, whichever comes first. */
  readonly signal: AbortSignal;
  /** True when time was up. */
  expired(): boolean;
  /** Something happened: `milliseconds` from now on. */
  feed(milliseconds: number): void;
  /** No more waiting; must be called in the end. */
  stop(): void;
  /** Gives the connection up. */
  abort(): void;
}

export function createWatchdog(signal: AbortSignal | undefined, milliseconds: number): Watchdog {
  const controller = new AbortController();
  let expired = false;
  const bark = (): void => {
    expired = true;
    controller.abort(new Error("time is up"));
  };
  const leave = (): void => controller.abort(signal?.reason);
  let timer: ReturnType<typeof setTimeout> | undefined = setTimeout(bark, milliseconds);
  if (signal?.aborted) leave();
  signal?.addEventListener("abort", leave, { once: true });
  return {
    signal: controller.signal,
    expired: () => expired,
    feed(next) {
      if (timer === undefined) return;
      clearTimeout(timer);
      timer = setTimeout(bark, next);
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
      signal?.removeEventListener("abort", leave);
    },
    abort: () => controller.abort(new Error("not wanted any more")),
  };
}
