import type { Arrival } from "./types.ts";

/** The writer's side of an `Arrival`: it says how far it has come, readers follow. */
export class Arriving implements Arrival {
  #path: string;
  #length = 0;
  #state: "open" | "complete" | { readonly failure: unknown } = "open";
  #wake = Promise.withResolvers<void>();
  readonly #stored = Promise.withResolvers<void>();

  constructor(path: string) {
    this.#path = path;
    this.#stored.promise.catch(() => undefined);
  }

  get path(): string {
    return this.#path;
  }

  get stored(): Promise<void> {
    return this.#stored.promise;
  }

  async *lengths(): AsyncIterable<number> {
    for (let told = 0; ; ) {
      const wake = this.#wake.promise;
      if (this.#length > told) {
        told = this.#length;
        yield told;
      } else if (this.#state === "open") await wake;
      else if (this.#state === "complete") return;
      else throw this.#state.failure;
    }
  }

  /** So many bytes are in the file by now; true when they are more than before. */
  grow(length: number): boolean {
    if (length === this.#length) return false;
    this.#length = length;
    this.#call();
    return true;
  }

  /** There will be no more bytes, though nothing is verified yet. */
  complete(): void {
    this.#state = "complete";
    this.#call();
  }

  moved(path: string): void {
    this.#path = path;
  }

  /** The blob is verified and visible, at `path`. */
  store(path: string, size: number): void {
    this.#path = path;
    this.#length = size;
    this.complete();
    this.#stored.resolve();
  }

  fail(failure: unknown): void {
    if (this.#state === "open") this.#state = { failure };
    this.#call();
    this.#stored.reject(failure);
  }

  #call(): void {
    const { resolve } = this.#wake;
    this.#wake = Promise.withResolvers();
    resolve();
  }
}
