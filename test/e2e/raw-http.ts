import { connect, type Socket } from "node:net";
import { eventually } from "./process.ts";

/** A connection on which a test says every byte itself, and keeps all that it hears. */
export class RawConnection implements Disposable {
  readonly socket: Socket;
  #heard = Buffer.alloc(0);
  ended = false;

  constructor(path: string, head: readonly string[]) {
    this.socket = connect({ path, allowHalfOpen: true });
    this.socket.on("data", (chunk: Buffer) => {
      this.#heard = Buffer.concat([this.#heard, chunk]);
    });
    this.socket.on("end", () => {
      this.ended = true;
    });
    this.socket.on("error", () => {
      this.ended = true;
    });
    this.socket.on("close", () => {
      this.ended = true;
    });
    this.socket.write(`${[...head, "Host: engine"].join("\r\n")}\r\n\r\n`);
  }

  /** Everything heard so far, one character a byte. */
  get heard(): string {
    return this.#heard.toString("latin1");
  }

  /** What was heard after the head of the answer. */
  get body(): Buffer {
    const at = this.#heard.indexOf("\r\n\r\n");
    return at < 0 ? Buffer.alloc(0) : this.#heard.subarray(at + 4);
  }

  async until(what: string | RegExp): Promise<void> {
    await eventually(`${what} on a raw connection; so far: ${this.heard}`, () => {
      const found = typeof what === "string" ? this.heard.includes(what) : what.test(this.heard);
      return found ? true : undefined;
    });
  }

  async end(): Promise<void> {
    await eventually("the end of a raw connection", () => (this.ended ? true : undefined));
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** A client's WebSocket frame. */
export function clientFrame(opcode: number, payload: string | Uint8Array): Buffer {
  const bytes = Buffer.from(payload);
  const mask = Buffer.from([7, 21, 99, 200]);
  const head = Buffer.from([0x80 | opcode, 0x80 | bytes.length]);
  return Buffer.concat([head, mask, bytes.map((byte, at) => byte ^ (mask[at % 4] ?? 0))]);
}

/** The server's frames in what was heard: opcode and payload of each complete one. */
export function serverFrames(bytes: Buffer): { opcode: number; text: string }[] {
  const frames: { opcode: number; text: string }[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const short = (bytes[at + 1] ?? 0) & 0x7f;
    const size = short === 126 ? bytes.readUInt16BE(at + 2) : short;
    const start = at + (short === 126 ? 4 : 2);
    if (start + size > bytes.length) break;
    frames.push({
      opcode: (bytes[at] ?? 0) & 0x0f,
      text: bytes.subarray(start, start + size).toString("latin1"),
    });
    at = start + size;
  }
  return frames;
}
