import { type Connection, type Dial, Inbox } from "../client/index.ts";

/** Dials with the runtime's own sockets: several milliseconds quicker to load than `node:net`. */
export const dialBun: Dial = async (host) => {
  const writer = new Writer();
  const inbox = new Inbox({ pause: () => socket.pause(), resume: () => socket.resume() });
  const lost = (error: unknown) => {
    inbox.fail(error);
    writer.fail(error);
  };
  const handlers = {
    data: (_socket: unknown, bytes: Uint8Array) => inbox.push(bytes),
    drain: () => writer.drain(),
    end: () => inbox.end(),
    close: (_socket: unknown, error?: Error) => {
      if (error) lost(error);
      inbox.end();
      writer.fail(new Error("the engine closed the connection"));
    },
    error: (_socket: unknown, error: Error) => lost(error),
  };
  const options = { allowHalfOpen: true, socket: handlers };
  const socket = await (host.kind === "unix"
    ? Bun.connect({ ...options, unix: host.path })
    : Bun.connect({ ...options, hostname: host.hostname, port: host.port }));
  writer.open(socket);
  return connection(socket, { inbox, writer });
};

interface Socket {
  write(bytes: Uint8Array): number;
  shutdown(): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  ref(): void;
  unref(): void;
}

function connection(socket: Socket, parts: { inbox: Inbox; writer: Writer }): Connection {
  return {
    write: (bytes) => parts.writer.write(bytes),
    read: () => parts.inbox.read(),
    end: () => parts.writer.end(),
    close: () => {
      socket.terminate();
      parts.inbox.end();
    },
    get ended() {
      return parts.inbox.ended;
    },
    hold: (on) => (on ? socket.ref() : socket.unref()),
  };
}

interface Queued {
  readonly bytes: Uint8Array | undefined;
  resolve(): void;
  reject(error: unknown): void;
}

/** Writes in order, a piece at a time as the socket takes them; a queued end comes after what was queued before. */
class Writer {
  #socket: Socket | undefined;
  #queue: Queued[] = [];
  #offset = 0;
  #error: unknown;

  open(socket: Socket): void {
    this.#socket = socket;
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) reject(this.#error);
      else this.#push({ bytes, resolve, reject });
    });
  }

  end(): void {
    this.#push({ bytes: undefined, resolve: () => undefined, reject: () => undefined });
  }

  drain(): void {
    for (let head = this.#queue[0]; head && this.#send(head); head = this.#queue[0]) {
      this.#queue.shift();
      this.#offset = 0;
      head.resolve();
    }
  }

  fail(error: unknown): void {
    this.#error ??= error;
    for (const queued of this.#queue.splice(0)) queued.reject(error);
  }

  #push(queued: Queued): void {
    this.#queue.push(queued);
    if (this.#queue.length === 1) this.drain();
  }

  /** True when this piece has been taken whole. */
  #send({ bytes }: Queued): boolean {
    const socket = this.#socket;
    if (!socket) return false;
    if (!bytes) {
      socket.shutdown();
      return true;
    }
    const taken = socket.write(this.#offset === 0 ? bytes : bytes.subarray(this.#offset));
    if (taken > 0) this.#offset += taken;
    return this.#offset >= bytes.length;
  }
}
