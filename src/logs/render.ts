const newline = 10;
const headerSize = 8;
/** Docker cuts longer lines into parts of this size, each with its own time. */
const partSize = 16384;

/** What came out of a container at one moment. */
export interface Piece {
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  /** 1: stdout (and all of a terminal), 2: stderr. */
  readonly stream: number;
  readonly payload: Uint8Array;
  /** What this piece is marked with, in place of what the query says. */
  readonly details?: Readonly<Record<string, string>>;
}

/** Turns output into what a client gets: frames, or plain bytes of a terminal, each line with what was asked for. */
export class Renderer {
  readonly #timestamps: boolean;
  readonly #details: Readonly<Record<string, string>> | undefined;
  readonly #tty: boolean;
  /** Bytes of the line that each stream is in the middle of. */
  readonly #unfinished = new Map<number, number>();

  constructor(options: { timestamps: boolean; details?: Readonly<Record<string, string>>; tty: boolean }) {
    this.#timestamps = options.timestamps;
    this.#details = options.details;
    this.#tty = options.tty;
  }

  render(piece: Piece): Uint8Array {
    const plain = !this.#timestamps && this.#details === undefined;
    const payload = plain ? piece.payload : this.#marked(piece);
    return this.#tty ? payload : frame(piece.stream, payload);
  }

  #marked({ time, stream, payload, details }: Piece): Uint8Array {
    const mark = Buffer.from(this.#mark(time, details));
    const parts: Uint8Array[] = [];
    let before = this.#unfinished.get(stream) ?? 0;
    for (let at = 0; at < payload.length; ) {
      const end = payload.indexOf(newline, at);
      const limit = Math.min(payload.length, at + partSize - before);
      const whole = end >= 0 && end <= limit;
      const next = whole ? end + 1 : limit;
      if (before === 0) parts.push(mark);
      parts.push(payload.subarray(at, next));
      before = whole || before + next - at === partSize ? 0 : before + next - at;
      at = next;
    }
    this.#unfinished.set(stream, before);
    return Buffer.concat(parts);
  }

  #mark(time: bigint, own: Readonly<Record<string, string>> | undefined): string {
    const details = this.#details && `${formatDetails(own ?? this.#details)} `;
    return `${this.#timestamps ? `${formatTime(time)} ` : ""}${details ?? ""}`;
  }
}

/** One of the frames in which both streams of a container share a connection. */
export function frame(stream: number, payload: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(headerSize + payload.length);
  bytes.writeUInt32BE(stream << 24, 0);
  bytes.writeUInt32BE(payload.length, 4);
  bytes.set(payload, headerSize);
  return bytes;
}

/** RFC 3339 with nine digits, as Docker prints the times of log lines. */
export function formatTime(nanoseconds: bigint): string {
  const seconds = new Date(Number(nanoseconds / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(nanoseconds % 1_000_000_000n).padStart(9, "0")}Z`;
}

/** `key=value` pairs by key, joined by commas and escaped as in a query string; what Docker's `details` look like. */
function formatDetails(details: Readonly<Record<string, string>>): string {
  const escaped = (text: string) =>
    encodeURIComponent(text)
      .replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll("%20", "+");
  return Object.entries(details)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, value]) => `${escaped(key)}=${escaped(value)}`)
    .join(",");
}
