/** A piece of work, and the milliseconds of quiet that come before it. */
export interface QuietWork {
  readonly after: number;
  readonly work: () => void;
}

/** Work that waits for quiet times: each piece runs once after a touch, when no other has followed for its while. */
export class IdleWork {
  readonly #pieces: readonly QuietWork[];
  #timers: readonly ReturnType<typeof setTimeout>[] = [];

  constructor(pieces: readonly QuietWork[]) {
    this.#pieces = pieces;
  }

  /** Something goes on; streams that stay open do not count as such. */
  touch(): void {
    this.stop();
    this.#timers = this.#pieces.map(({ after, work }) => setTimeout(work, after));
    for (const timer of this.#timers) timer.unref();
  }

  /** Forgets what is planned. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
