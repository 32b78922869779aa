import { EngineError } from "../../base/index.ts";

/** Reads exact numbers of bytes from a stream of chunks. Dispose it to end the stream early. */
export class ByteReader implements AsyncDisposable {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Exactly `size` bytes, or undefined when the stream ends before the first of them. */
  async read(size: number): Promise<Uint8Array | undefined> {
    const bytes = new Uint8Array(size);
    let filled = 0;
    for await (const chunk of this.#pieces(size)) {
      bytes.set(chunk, filled);
      filled += chunk.length;
    }
    if (filled === size) return bytes;
    if (filled === 0) return undefined;
    throw truncated();
  }

  /** The next `size` bytes as they come; throws when the stream ends before. */
  async *take(size: number): AsyncGenerator<Uint8Array> {
    let left = size;
    for await (const chunk of this.#pieces(size)) {
      left -= chunk.length;
      yield chunk;
    }
    if (left > 0) throw truncated();
  }

  async *#pieces(size: number): AsyncGenerator<Uint8Array> {
    let left = size;
    while (left > 0) {
      if (this.#rest.length === 0 && !(await this.#fill())) return;
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async #fill(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done) return false;
    this.#rest = next.value;
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source.return?.();
  }
}

function truncated(): EngineError {
  return new EngineError("invalid", "Cannot read archive: it ends in the middle of an entry", {
    subject: "archive",
  });
}
