import type { Piece } from "../render.ts";

const newline = 10;

/** A line of a JSON file, and the byte behind it. */
export interface JsonLine extends Piece {
  readonly end: number;
}

/** The lines that end within `bytes`, which begin at `from`; what is no line of ours is passed over. */
export async function* jsonLines(bytes: AsyncIterable<Uint8Array>, from: number): AsyncGenerator<JsonLine[]> {
  let rest: Uint8Array = new Uint8Array();
  let at = from;
  for await (const block of bytes) {
    const joined = rest.length > 0 ? Buffer.concat([rest, block]) : block;
    const last = joined.lastIndexOf(newline);
    rest = joined.subarray(last + 1);
    if (last < 0) continue;
    const lines: JsonLine[] = [];
    for (let start = 0; start <= last; ) {
      const end = joined.indexOf(newline, start) + 1;
      const line = parseLine(joined.subarray(start, end), at + end);
      if (line) lines.push(line);
      start = end;
    }
    at += last + 1;
    yield lines;
  }
}

function parseLine(bytes: Uint8Array, end: number): JsonLine | undefined {
  const value = parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"));
  if (typeof value !== "object" || value === null) return undefined;
  const log = "log" in value && typeof value.log === "string" ? value.log : undefined;
  const time = "time" in value ? parseTime(value.time) : undefined;
  if (log === undefined || time === undefined) return undefined;
  const attributes = "attrs" in value ? textsOf(value.attrs) : undefined;
  return {
    time,
    stream: "stream" in value && value.stream === "stderr" ? 2 : 1,
    payload: Buffer.from(log),
    end,
    ...(attributes ? { details: attributes } : {}),
  };
}

/** A writer that was killed may have left half a line. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseTime(value: unknown): bigint | undefined {
  const match = typeof value === "string" ? /^(.{19})(?:\.(\d{1,9}))?Z$/.exec(value) : null;
  const seconds = match ? Date.parse(`${match[1]}Z`) : Number.NaN;
  if (!match || Number.isNaN(seconds)) return undefined;
  return BigInt(seconds) * 1_000_000n + BigInt((match[2] ?? "").padEnd(9, "0"));
}

function textsOf(value: unknown): Record<string, string> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)]));
}
