import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import { EngineError } from "../base/index.ts";
import { drained } from "./write-all.ts";

/** RFC 6455, section 1.3: what a server appends to the client's key. */
const magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const status = { normal: 1000, protocolError: 1002 } as const;

/** The answer to a handshake: the value of `Sec-WebSocket-Accept`. Throws `invalid` when it is none. */
export function acceptKey(request: IncomingMessage): string {
  const { upgrade = "", "sec-websocket-key": key, "sec-websocket-version": version } = request.headers;
  if (!/^websocket$/i.test(upgrade) || typeof key !== "string") {
    throw new EngineError("invalid", "not websocket protocol", { subject: "upgrade" });
  }
  if (version !== "13") {
    throw new EngineError("invalid", "missing or bad WebSocket Version", {
      subject: "sec-websocket-version",
    });
  }
  checkOrigin(request);
  return createHash("sha1").update(`${key}${magic}`).digest("base64");
}

/** A browser lets any page open a WebSocket to any host; it tells which page it was. */
function checkOrigin({ headers: { origin, host } }: IncomingMessage): void {
  if (origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)) return;
  throw new EngineError("denied", `origin ${origin} is not allowed`, { subject: "origin" });
}

/**
 * The server's side of a WebSocket over a connection that has shaken hands: what the client says comes out as bytes,
 * however it was cut into messages, and each chunk written is a binary message. Pings are answered; a client that
 * breaks the protocol is told so and let go. Ending says goodbye; whoever holds it destroys it.
 */
export function webSocket(socket: Duplex): Duplex {
  const reader = new FrameReader();
  let saidGoodbye = false;
  const goodbye = (code: number): void => {
    if (saidGoodbye || socket.destroyed) return;
    saidGoodbye = true;
    const reason = Buffer.alloc(2);
    reason.writeUInt16BE(code);
    socket.write(frame(opcode.close, reason));
    socket.end();
  };
  const stream = new Duplex({
    allowHalfOpen: true,
    read: () => void socket.resume(),
    write(chunk: Uint8Array, _encoding, done) {
      if (saidGoodbye || socket.destroyed || socket.write(frame(opcode.binary, chunk))) done();
      else void drained(socket).then(() => done());
    },
    final(done) {
      goodbye(status.normal);
      done();
    },
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  const hear = (event: FrameEvent): void => {
    switch (event.kind) {
      case "data":
        if (!stream.push(event.bytes)) socket.pause();
        return;
      case "ping":
        // A client that asks without ever listening fills no memory of ours.
        if (socket.writableLength < pongLimit) socket.write(frame(opcode.pong, event.bytes));
        return;
      case "broken":
      case "close":
        goodbye(event.kind === "broken" ? status.protocolError : status.normal);
        stream.push(null);
    }
  };
  socket.on("data", (chunk: Uint8Array) => {
    for (const event of reader.push(chunk)) hear(event);
  });
  socket.on("end", () => stream.push(null));
  socket.on("close", () => stream.destroy());
  socket.on("error", () => stream.destroy());
  return stream;
}

const pongLimit = 64 * 1024;

/** One unmasked frame: servers do not mask. */
function frame(code: number, payload: Uint8Array): Uint8Array {
  const length = payload.length;
  const head =
    length < 126 ? Buffer.from([0x80 | code, length]) : length < 65_536 ? Buffer.alloc(4) : Buffer.alloc(10);
  if (head.length > 2) {
    head[0] = 0x80 | code;
    head[1] = head.length === 4 ? 126 : 127;
    if (head.length === 4) head.writeUInt16BE(length, 2);
    else head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, payload]);
}

type FrameEvent =
  | { readonly kind: "data" | "ping"; readonly bytes: Uint8Array }
  | { readonly kind: "close" | "broken" };

/** Takes a client's frames apart as they come; payloads of messages are passed on in pieces, never collected. */
export class FrameReader {
  #held: Buffer = Buffer.alloc(0);
  #left = 0;
  #mask: Buffer = Buffer.alloc(4);
  #at = 0;
  #control: number | undefined;
  #over = false;

  *push(chunk: Uint8Array): Generator<FrameEvent> {
    this.#held = this.#held.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#held, chunk]);
    while (!this.#over) {
      const event = this.#left > 0 ? this.#payload() : this.#head();
      if (event === "more") return;
      if (event === "on") continue;
      this.#over = event.kind === "close" || event.kind === "broken";
      yield event;
    }
    this.#held = Buffer.alloc(0);
  }

  #head(): FrameEvent | "more" | "on" {
    const [first = 0, second = 0] = this.#held;
    const short = second & 0x7f;
    const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
    if (this.#held.length < 2 || this.#held.length < 6 + extra) return "more";
    const code = first & 0x0f;
    const isControl = code >= 8;
    const length = extra === 0 ? short : this.#length(extra);
    const known = code <= opcode.binary || (code >= opcode.close && code <= opcode.pong);
    const broken =
      (first & 0x70) !== 0 ||
      (second & 0x80) === 0 ||
      !known ||
      (isControl && (length > 125 || !(first & 0x80)));
    if (broken) return { kind: "broken" };
    this.#mask = this.#held.subarray(2 + extra, 6 + extra);
    this.#held = this.#held.subarray(6 + extra);
    this.#left = length;
    this.#at = 0;
    this.#control = isControl ? code : undefined;
    return length === 0 && isControl ? this.#controlEvent(Buffer.alloc(0)) : "on";
  }

  #length(extra: number): number {
    return extra === 2 ? this.#held.readUInt16BE(2) : Number(this.#held.readBigUInt64BE(2));
  }

  #payload(): FrameEvent | "more" | "on" {
    const size = Math.min(this.#left, this.#held.length);
    if (size === 0 || (this.#control !== undefined && size < this.#left)) return "more";
    const bytes = Buffer.from(this.#held.subarray(0, size));
    for (let at = 0; at < size; at += 1)
      bytes[at] = (bytes[at] ?? 0) ^ (this.#mask[(this.#at + at) % 4] ?? 0);
    this.#held = this.#held.subarray(size);
    this.#left -= size;
    this.#at += size;
    return this.#control === undefined ? { kind: "data", bytes } : this.#controlEvent(bytes);
  }

  #controlEvent(bytes: Uint8Array): FrameEvent | "on" {
    const code = this.#control;
    this.#control = undefined;
    if (code === opcode.close) return { kind: "close" };
    return code === opcode.ping ? { kind: "ping", bytes } : "on";
  }
}
