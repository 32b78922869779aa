interface Running<E> {
  readonly controller: AbortController;
  readonly done: Promise<void>;
  readonly listeners: Set<(event: E) => void>;
  last?: E;
}

/**
 * Work that several may want at the same time and that is done once. It goes on while anyone waits for it and is
 * aborted when the last one has left. `E` is what it tells on the way.
 */
export class SharedWork<E> {
  readonly #running = new Map<string, Running<E>>();

  /**
   * Waits for the work of this key, started by `start` unless it is under way. `hear` gets what it tells, the latest
   * at once. Throws what it throws, or the signal's reason; then, for the last one that leaves, only once it has ended.
   */
  async join(
    key: string,
    { signal, hear }: { readonly signal?: AbortSignal | undefined; readonly hear: (event: E) => void },
    start: (signal: AbortSignal, tell: (event: E) => void) => Promise<void>,
  ): Promise<void> {
    signal?.throwIfAborted();
    const running = this.#running.get(key) ?? this.#start(key, start);
    // Its own function, so that the same one may join twice.
    const listener = (event: E): void => hear(event);
    running.listeners.add(listener);
    if (running.last !== undefined) hear(running.last);
    const left = leaving(signal);
    try {
      await Promise.race([running.done, left.promise]);
    } catch (error) {
      if (signal?.aborted && running.listeners.size === 1) await this.#abandon(key, running, signal.reason);
      throw error;
    } finally {
      left.forget();
      running.listeners.delete(listener);
    }
  }

  #start(key: string, start: (signal: AbortSignal, tell: (event: E) => void) => Promise<void>): Running<E> {
    const controller = new AbortController();
    const listeners = new Set<(event: E) => void>();
    const tell = (event: E): void => {
      running.last = event;
      for (const hear of listeners) hear(event);
    };
    const done = Promise.resolve().then(() => start(controller.signal, tell));
    const running: Running<E> = { controller, done, listeners };
    this.#running.set(key, running);
    const forget = (): void => {
      if (this.#running.get(key) === running) this.#running.delete(key);
    };
    done.then(forget, forget);
    return running;
  }

  /** From now on whoever comes starts anew. */
  async #abandon(key: string, running: Running<E>, reason: unknown): Promise<void> {
    if (this.#running.get(key) === running) this.#running.delete(key);
    running.controller.abort(reason);
    await running.done.catch(() => undefined);
  }
}

/** Rejects when the signal aborts; to be forgotten when that does not matter any more. */
function leaving(signal: AbortSignal | undefined): { promise: Promise<never>; forget: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  const leave = (): void => reject(signal?.reason);
  signal?.addEventListener("abort", leave, { once: true });
  return { promise, forget: () => signal?.removeEventListener("abort", leave) };
}
