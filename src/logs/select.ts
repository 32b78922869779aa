import { headerSize } from "./local/chunks.ts";

/** Lets the frames of some streams through, however the bytes are cut into chunks. Payloads are not copied. */
export class StreamSelector {
  readonly #wanted: ReadonlySet<number>;
  readonly #header = new Uint8Array(headerSize);
  #have = 0;
  #left = 0;
  #passing = false;

  constructor(wanted: ReadonlySet<number>) {
    this.#wanted = wanted;
  }

  *push(chunk: Uint8Array): Generator<Uint8Array> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left === 0) {
        at += this.#takeHeader(chunk.subarray(at));
        if (this.#have === headerSize) {
          this.#have = 0;
          if (this.#passing) yield this.#header.slice();
        }
        continue;
      }
      const end = Math.min(chunk.length, at + this.#left);
      if (this.#passing) yield chunk.subarray(at, end);
      this.#left -= end - at;
      at = end;
    }
  }

  #takeHeader(bytes: Uint8Array): number {
    const take = Math.min(headerSize - this.#have, bytes.length);
    this.#header.set(bytes.subarray(0, take), this.#have);
    this.#have += take;
    if (this.#have === headerSize) {
      this.#left = new DataView(this.#header.buffer).getUint32(4);
      this.#passing = this.#wanted.has(this.#header[0] ?? 0);
    }
    return take;
  }
}
