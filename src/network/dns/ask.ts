import { randomInt } from "node:crypto";
import { connect } from "node:net";

/** A server upstream. */
export interface Upstream {
  readonly address: string;
  readonly port: number;
}

/**
 * Asks one server and resolves to its answer, the query's ID put back. Each query has a port and an ID of its own,
 * so that nobody off the path can answer in the server's place. Rejects when the server refuses the connection or
 * `signal` aborts; the socket is closed in every case.
 */
export async function ask(
  query: Uint8Array,
  upstream: Upstream,
  options: { protocol: "udp" | "tcp"; signal: AbortSignal },
): Promise<Uint8Array> {
  const id = randomInt(0x1_0000);
  const sent = withID(query, id);
  const conversation = options.protocol === "udp" ? overUdp : overTcp;
  const answer = await conversation(sent, upstream, options.signal);
  return withID(answer, ((query[0] ?? 0) << 8) | (query[1] ?? 0));
}

async function overUdp(query: Uint8Array, upstream: Upstream, signal: AbortSignal): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  // An abort while the socket opens must not count as unhandled.
  promise.catch(() => undefined);
  const socket = await Bun.udpSocket({
    connect: { hostname: upstream.address, port: upstream.port },
    socket: {
      data: (_socket, bytes) => {
        if (answers(bytes, query)) resolve(bytes);
      },
      error: (_socket, error) => reject(error),
    },
  });
  using _closed = { [Symbol.dispose]: () => socket.close() };
  using _abort = onAbort(signal, reject);
  socket.send(query);
  return await promise;
}

/** Over node's sockets: unlike others they can be given up while they still connect. */
async function overTcp(query: Uint8Array, upstream: Upstream, signal: AbortSignal): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  let received: Uint8Array = new Uint8Array(0);
  const socket = connect({ host: upstream.address, port: upstream.port });
  using _closed = { [Symbol.dispose]: () => void socket.destroy() };
  using _abort = onAbort(signal, reject);
  const lost = () => reject(new Error("The server closed the connection"));
  socket.on("error", reject);
  socket.on("close", lost);
  socket.on("connect", () => void socket.write(frame(query)));
  socket.on("data", (bytes: Uint8Array) => {
    received = Buffer.concat([received, bytes]);
    const message = firstFrame(received);
    if (message && answers(message, query)) resolve(message);
    else if (message) lost();
  });
  return await promise;
}

/** A message as TCP carries it: two bytes of length in front. */
export function frame(message: Uint8Array): Uint8Array {
  return Buffer.concat([new Uint8Array([message.length >>> 8, message.length & 255]), message]);
}

/** The first whole message of a TCP stream; undefined until it is there. */
export function firstFrame(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < 2) return undefined;
  const length = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  return bytes.length >= 2 + length ? bytes.subarray(2, 2 + length) : undefined;
}

/** True when a message answers this query: same ID, a response, and the same question. */
function answers(message: Uint8Array, query: Uint8Array): boolean {
  if (message.length < 12 || message[0] !== query[0] || message[1] !== query[1]) return false;
  if (((message[2] ?? 0) & 0x80) === 0) return false;
  // Servers that fail may leave the question out.
  const questions = ((message[4] ?? 0) << 8) | (message[5] ?? 0);
  if (questions === 0) return true;
  const end = questionEnd(query);
  return lowerCase(message.subarray(12, end)) === lowerCase(query.subarray(12, end));
}

function questionEnd(query: Uint8Array): number {
  let at = 12;
  while (at < query.length && query[at] !== 0) at += 1 + (query[at] ?? 0);
  return at + 5;
}

function lowerCase(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1").toLowerCase();
}

function withID(message: Uint8Array, id: number): Uint8Array {
  const copy = new Uint8Array(message);
  copy[0] = id >>> 8;
  copy[1] = id & 255;
  return copy;
}

function onAbort(signal: AbortSignal, reject: (reason: unknown) => void): Disposable {
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", abort) };
}
