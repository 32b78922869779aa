import type { Chunk } from "./chunks.ts";
import { headerSize } from "./chunks.ts";

const newline = 10;

/** Turns chunks into what a client gets: frames, or plain bytes of a terminal, each line with its time if asked for. */
export class Renderer {
  readonly #timestamps: boolean;
  readonly #tty: boolean;
  /** Streams in the middle of a line. */
  readonly #unfinished = new Set<number>();

  constructor(options: { timestamps: boolean; tty: boolean }) {
    this.#timestamps = options.timestamps;
    this.#tty = options.tty;
  }

  render(chunk: Chunk): Uint8Array {
    const payload = this.#timestamps ? this.#withTimes(chunk) : chunk.payload;
    if (this.#tty) return payload;
    const frame = Buffer.allocUnsafe(headerSize + payload.length);
    frame.writeUInt32BE(chunk.stream << 24, 0);
    frame.writeUInt32BE(payload.length, 4);
    frame.set(payload, headerSize);
    return frame;
  }

  #withTimes(chunk: Chunk): Uint8Array {
    const stamp = Buffer.from(`${formatTime(chunk.time)} `);
    const parts: Uint8Array[] = [];
    for (let at = 0; at < chunk.payload.length; ) {
      const end = chunk.payload.indexOf(newline, at);
      const next = end < 0 ? chunk.payload.length : end + 1;
      if (at > 0 || !this.#unfinished.has(chunk.stream)) parts.push(stamp);
      parts.push(chunk.payload.subarray(at, next));
      if (end < 0) this.#unfinished.add(chunk.stream);
      else this.#unfinished.delete(chunk.stream);
      at = next;
    }
    return Buffer.concat(parts);
  }
}

/** RFC 3339 with nine digits, as Docker prints the times of log lines. */
export function formatTime(nanoseconds: bigint): string {
  const seconds = new Date(Number(nanoseconds / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(nanoseconds % 1_000_000_000n).padStart(9, "0")}Z`;
}
