interface Waiting {
  resolve(chunk: Uint8Array | undefined): void;
  reject(error: unknown): void;
}

const highWater = 1024 * 1024;

/** Turns a transport's pushed chunks into pulled ones, and stops the transport while the reader is behind. */
export class Inbox {
  readonly #flow: { pause(): void; resume(): void };
  #chunks: Uint8Array[] = [];
  #size = 0;
  #paused = false;
  #ended = false;
  #error: unknown;
  #waiting: Waiting | undefined;

  constructor(flow: { pause(): void; resume(): void }) {
    this.#flow = flow;
  }

  /** True once nothing more will come, though chunks may still wait to be read. */
  get ended(): boolean {
    return this.#ended;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const waiting = this.#takeWaiting();
    if (waiting) {
      waiting.resolve(chunk);
      return;
    }
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size >= highWater && !this.#paused) {
      this.#paused = true;
      this.#flow.pause();
    }
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#takeWaiting()?.resolve(undefined);
  }

  fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error ?? new Error("connection lost");
    this.#takeWaiting()?.reject(this.#error);
  }

  /** The next chunk, undefined at the end; one read at a time. */
  read(): Promise<Uint8Array | undefined> {
    const chunk = this.#chunks.shift();
    if (chunk) {
      this.#size -= chunk.length;
      if (this.#paused && this.#size < highWater / 2) {
        this.#paused = false;
        this.#flow.resume();
      }
      return Promise.resolve(chunk);
    }
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ended) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #takeWaiting(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }
}
