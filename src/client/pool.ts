import type { Connection, Dial } from "./connection.ts";
import type { Host } from "./host.ts";
import { HttpReader } from "./http-reader.ts";

/** A connection with the reader that holds its buffered bytes. */
export interface Line {
  readonly connection: Connection;
  readonly reader: HttpReader;
  /** True when an earlier request used it: the engine may have closed it meanwhile. */
  readonly used: boolean;
}

/** Keeps the connections of one client that wait for the next request. */
export class Pool {
  readonly #host: Host;
  readonly #dial: Dial;
  #idle: Line[] = [];
  #closed = false;

  constructor(host: Host, dial: Dial) {
    this.#host = host;
    this.#dial = dial;
  }

  /** A waiting connection that is still alive, or a new one. */
  async take(): Promise<Line> {
    for (let line = this.#idle.pop(); line; line = this.#idle.pop()) {
      if (!line.connection.ended) {
        line.connection.hold(true);
        return line;
      }
      line.connection.close();
    }
    return await this.dial();
  }

  /** A connection that nobody has used. */
  async dial(): Promise<Line> {
    const connection = await this.#dial(this.#host);
    return { connection, reader: new HttpReader(connection), used: false };
  }

  /** Takes back a connection on which nothing is under way. It no longer keeps the process alive. */
  give(line: Line): void {
    if (this.#closed || line.connection.ended) {
      line.connection.close();
      return;
    }
    line.connection.hold(false);
    this.#idle.push({ ...line, used: true });
  }

  /** Opens a connection ahead of its use. A failure is left to the request that needs it. */
  async warm(): Promise<void> {
    const line = await this.dial().catch(() => undefined);
    if (!line) return;
    this.give(line);
  }

  /** Drops the waiting connections; those in use are dropped when they are given back. */
  close(): void {
    this.#closed = true;
    for (const line of this.#idle) line.connection.close();
    this.#idle = [];
  }
}
