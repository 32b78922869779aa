/** Work that waits for quiet times: it runs once after each touch, when no other has followed for a while. */
export class IdleWork {
  readonly #work: () => void;
  readonly #after: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(work: () => void, afterMilliseconds: number) {
    this.#work = work;
    this.#after = afterMilliseconds;
  }

  /** Something goes on; streams that stay open do not count as such. */
  touch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#work, this.#after);
    this.#timer.unref();
  }

  /** Forgets what is planned. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}
