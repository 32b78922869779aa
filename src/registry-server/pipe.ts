/**
 * Chunks from whoever has them to whoever asks: a write resolves once the reader has done with its chunk, so nothing
 * piles up. One writer and one reader.
 */
export class Pipe implements AsyncIterable<Uint8Array> {
  #chunk: Uint8Array | undefined;
  #taken = (): void => {};
  #wake = (): void => {};
  #ended = false;
  #failure: { readonly error: unknown } | undefined;

  /** Hands over one chunk. Throws what the reader has failed with. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#check();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#chunk = chunk;
    this.#taken = resolve;
    this.#wake();
    await promise;
    this.#check();
  }

  /** No more chunks come. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Ends both sides with an error. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#taken();
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      this.#check();
      if (this.#chunk) {
        const chunk = this.#chunk;
        this.#chunk = undefined;
        yield chunk;
        this.#taken();
      } else if (this.#ended) return;
      else {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
      }
    }
  }

  #check(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
