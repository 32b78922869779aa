import type { Connection } from "./connection.ts";

/** Status line and headers of a response; header names in lower case. */
export interface Head {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

const headLimit = 256 * 1024;
const lineFeed = 10;

/** Reads HTTP/1.1 responses from a connection, one after the other. */
export class HttpReader {
  readonly #connection: Connection;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The next final response's head, or undefined when the peer closed before its first byte. */
  async head(): Promise<Head | undefined> {
    for (;;) {
      const first = await this.#line();
      if (first === undefined) return undefined;
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1];
      if (status === undefined) throw new Error(`malformed HTTP response: "${first.slice(0, 80)}"`);
      const headers = await this.#headers();
      const interim = Number(status) < 200 && Number(status) !== 101;
      if (!interim) return { status: Number(status), headers };
    }
  }

  /** Bytes up to the end of the connection, those already buffered first. */
  async *rest(): AsyncGenerator<Uint8Array, void> {
    while (await this.#fill()) yield this.#take(Number.POSITIVE_INFINITY);
  }

  /** A body of known length; throws when the connection ends before. */
  async *sized(length: number): AsyncGenerator<Uint8Array, void> {
    for (let left = length; left > 0; ) {
      if (!(await this.#fill())) throw unexpectedEnd();
      const chunk = this.#take(left);
      left -= chunk.length;
      yield chunk;
    }
  }

  /** A chunked body, its trailers read and dropped. */
  async *chunked(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const line = await this.#line();
      if (line === undefined) throw unexpectedEnd();
      const size = Number.parseInt(line, 16);
      if (!(size >= 0)) throw new Error(`malformed chunk size: "${line.slice(0, 40)}"`);
      if (size === 0) break;
      yield* this.sized(size);
      await this.#line();
    }
    await this.#headers();
  }

  async #headers(): Promise<Map<string, string>> {
    const headers = new Map<string, string>();
    for (;;) {
      const line = await this.#line();
      if (line === undefined) throw unexpectedEnd();
      if (line === "") return headers;
      const colon = line.indexOf(":");
      if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
  }

  async #line(): Promise<string | undefined> {
    let text = "";
    for (;;) {
      if (!(await this.#fill())) {
        if (text === "") return undefined;
        throw unexpectedEnd();
      }
      const at = this.#rest.indexOf(lineFeed);
      text += Buffer.from(this.#take(at < 0 ? Number.POSITIVE_INFINITY : at + 1)).toString("latin1");
      if (at >= 0) return text.replace(/\r?\n$/, "");
      if (text.length > headLimit) throw new Error("HTTP response head is too long");
    }
  }

  async #fill(): Promise<boolean> {
    if (this.#rest.length > 0) return true;
    const chunk = await this.#connection.read();
    if (chunk === undefined) return false;
    this.#rest = chunk;
    return true;
  }

  #take(most: number): Uint8Array {
    const taken = this.#rest.subarray(0, Math.min(most, this.#rest.length));
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }
}

function unexpectedEnd(): Error {
  return new Error("unexpected EOF");
}
