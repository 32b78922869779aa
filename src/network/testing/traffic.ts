import { withNetworkNamespace } from "../../sys/index.ts";

/** Runs `work` in a namespace, or where the test runs when there is none. */
export function inside<T>(path: string | undefined, work: () => T): T {
  if (path === undefined) return work();
  const box = withNetworkNamespace(path, () => ({ value: work() }));
  return box.value;
}

/** A TCP server that says `greeting` and the caller's address, then echoes. */
export function serveTcp(
  path: string | undefined,
  port: number,
  greeting: string,
): Disposable & { port: number } {
  const server = inside(path, () =>
    Bun.listen({
      hostname: "0.0.0.0",
      port,
      socket: {
        open: (socket) => void socket.write(`${greeting} ${socket.remoteAddress}\n`),
        data: (socket, bytes) => void socket.write(bytes),
      },
    }),
  );
  return { port: server.port, [Symbol.dispose]: () => server.stop(true) };
}

/** A UDP server that answers with `greeting`. */
export function serveUdp(path: string | undefined, port: number, greeting: string): Disposable {
  const opening = inside(path, () => ({
    socket: Bun.peek(
      Bun.udpSocket({
        hostname: "0.0.0.0",
        port,
        socket: { data: (socket, _bytes, from, address) => void socket.send(greeting, from, address) },
      }),
    ),
  }));
  if (opening.socket instanceof Promise) throw new Error("socket is not open yet");
  const { socket } = opening;
  return { [Symbol.dispose]: () => socket.close() };
}

/** An open TCP connection that lines can be read from. */
export interface Connection extends Disposable {
  /** The next line; rejects when the connection ends first. */
  line(): Promise<string>;
  send(text: string): void;
}

const patience = 10_000;
/** How long a test waits for what must not come: that a firewall drops is only seen as silence. */
const briefly = 500;

/** Connects from a namespace; rejects when refused or, after a moment, when nothing answers. */
export async function connectTcp(
  path: string | undefined,
  host: string,
  port: number,
  time = patience,
): Promise<Connection> {
  let received = "";
  const waiting: Array<(line: string) => void> = [];
  const opened = Promise.withResolvers<void>();
  opened.promise.catch(() => undefined);
  const connecting = inside(path, () => ({
    socket: Bun.connect({
      hostname: host,
      port,
      socket: {
        open: () => opened.resolve(),
        data: (_socket, bytes) => {
          received += bytes.toString();
          for (
            let end = received.indexOf("\n");
            end >= 0 && waiting.length > 0;
            end = received.indexOf("\n")
          ) {
            waiting.shift()?.(received.slice(0, end));
            received = received.slice(end + 1);
          }
        },
        connectError: (_socket, error) => opened.reject(error),
      },
    }),
  }));
  connecting.socket.catch((error: unknown) => opened.reject(error));
  const socket = await soon(connecting.socket, time).catch((error) => {
    connecting.socket.then(
      (late) => late.terminate(),
      () => undefined,
    );
    throw error;
  });
  return {
    line: () => {
      const end = received.indexOf("\n");
      if (end >= 0) {
        const line = received.slice(0, end);
        received = received.slice(end + 1);
        return Promise.resolve(line);
      }
      return soon(new Promise<string>((resolve) => waiting.push(resolve)));
    },
    send: (text) => void socket.write(text),
    [Symbol.dispose]: () => socket.terminate(),
  };
}

/** The greeting of a server, and nothing more. */
export async function greeting(path: string | undefined, host: string, port: number): Promise<string> {
  using connection = await connectTcp(path, host, port);
  return await connection.line();
}

/** A UDP client that keeps its port. */
export interface Datagrams extends Disposable {
  /** Sends a datagram and resolves to the next answer. */
  ask(message?: string): Promise<string>;
  send(message: string): void;
}

export function openDatagrams(path: string | undefined, host: string, port: number): Datagrams {
  let waiting: ((answer: string) => void) | undefined;
  const opening = inside(path, () => ({
    socket: Bun.peek(
      Bun.udpSocket({
        connect: { hostname: host, port },
        socket: { data: (_socket, bytes) => waiting?.(bytes.toString()), error: () => undefined },
      }),
    ),
  }));
  if (opening.socket instanceof Promise) throw new Error("socket is not open yet");
  const { socket } = opening;
  return {
    send: (message) => void socket.send(message),
    ask: async (message = "?") => {
      const { promise, resolve } = Promise.withResolvers<string>();
      waiting = resolve;
      try {
        socket.send(message);
      } catch {
        // An earlier datagram was refused; this call only tells so.
        socket.send(message);
      }
      return await soon(promise);
    },
    [Symbol.dispose]: () => socket.close(),
  };
}

/** Sends a datagram and resolves to the answer. */
export async function askUdp(
  path: string | undefined,
  host: string,
  port: number,
  message: string | Uint8Array = "?",
): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const opening = inside(path, () => ({
    socket: Bun.peek(
      Bun.udpSocket({
        connect: { hostname: host, port },
        socket: { data: (_socket, bytes) => resolve(bytes), error: (_socket, error) => reject(error) },
      }),
    ),
  }));
  if (opening.socket instanceof Promise) throw new Error("socket is not open yet");
  const { socket } = opening;
  try {
    socket.send(message);
    return await soon(promise);
  } finally {
    socket.close();
  }
}

/** What comes of connecting. */
export async function outcome(
  path: string | undefined,
  host: string,
  port: number,
): Promise<"answer" | "refusal" | "silence"> {
  try {
    using _connection = await connectTcp(path, host, port, briefly);
    return "answer";
  } catch (error) {
    return String(error).includes("silence") ? "silence" : "refusal";
  }
}

/** Rejects when `promise` has not settled in time. */
export async function soon<T>(promise: Promise<T>, time = patience): Promise<T> {
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("silence")), time);
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
