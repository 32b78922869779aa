/** One lock a key; waiters run in order of arrival. Keys that nobody holds cost nothing. */
export class KeyedMutex {
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `work` while no other work of this key runs. The lock is released whatever happens. */
  async run<T>(key: string, work: () => Promise<T> | T): Promise<T> {
    using _lock = await this.acquire(key);
    return await work();
  }

  /** Waits for the key; the holder disposes what is returned. */
  async acquire(key: string): Promise<Disposable> {
    const before = this.#tails.get(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tails.set(key, promise);
    await before;
    return {
      [Symbol.dispose]: () => {
        if (this.#tails.get(key) === promise) this.#tails.delete(key);
        resolve();
      },
    };
  }

  /** True while someone holds the key or waits for it. */
  isHeld(key: string): boolean {
    return this.#tails.has(key);
  }
}
