import type { Connection } from "./connection.ts";
import { encodeChunk, lastChunk } from "./request.ts";

/** The body of one request on its way out, while the answer may already come in. */
export class Upload {
  readonly #connection: Connection;
  #stopped = false;
  #error: unknown;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Why the source of the body failed. A connection that fails is told by whoever reads the answer. */
  get error(): unknown {
    return this.#error;
  }

  /** Sends no more: the engine has answered no. */
  stop(): void {
    this.#stopped = true;
  }

  /** Sends the whole body. Never rejects; a failing source drops the connection, so that no half body counts. */
  async send(body: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const bytes of body) {
        if (this.#stopped || !(await this.#write(bytes))) return;
      }
      if (!this.#stopped) await this.#connection.write(lastChunk).catch(() => undefined);
    } catch (error) {
      this.#error = error;
      this.#connection.close();
    }
  }

  async #write(bytes: Uint8Array): Promise<boolean> {
    if (bytes.length === 0) return true;
    return await this.#connection.write(encodeChunk(bytes)).then(
      () => true,
      () => false,
    );
  }
}
