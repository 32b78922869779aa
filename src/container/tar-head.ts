/** What the first entry of an archive says of itself. */
export interface TarHead {
  readonly type: "file" | "directory" | "symlink" | "character" | "block" | "fifo" | "other";
  readonly size: number;
  /** Permissions with set-id and sticky bits. */
  readonly mode: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  readonly linkTarget: string;
}

const blockSize = 512;
const types: Readonly<Record<string, TarHead["type"]>> = {
  "0": "file",
  "\0": "file",
  "1": "file",
  "2": "symlink",
  "3": "character",
  "4": "block",
  "5": "directory",
  "6": "fifo",
};

/**
 * Reads the head of the first entry, extended headers included, and gives the whole archive back. Undefined for
 * an archive without entries.
 */
export async function peekTarHead(
  source: AsyncIterable<Uint8Array>,
): Promise<{ head: TarHead | undefined; archive: AsyncIterable<Uint8Array> }> {
  const reader = source[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let seen = Buffer.alloc(0);
  let head = parseHead(seen);
  while (head === "more") {
    const { value, done } = await reader.next();
    if (done) break;
    chunks.push(value);
    seen = Buffer.concat([seen, value]);
    head = parseHead(seen);
  }
  return {
    head: head === "more" ? undefined : head,
    archive: replay(chunks, reader),
  };
}

async function* replay(
  chunks: readonly Uint8Array[],
  reader: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
    for (;;) {
      const { value, done } = await reader.next();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.return?.();
  }
}

/** The head, `more` when bytes are missing, undefined at the end of an archive. */
function parseHead(bytes: Buffer): TarHead | "more" | undefined {
  let at = 0;
  let extended = new Map<string, string>();
  for (;;) {
    if (bytes.length < at + blockSize) return "more";
    const block = bytes.subarray(at, at + blockSize);
    if (block[0] === 0) return undefined;
    const type = String.fromCharCode(block[156] ?? 0);
    const size = number(block, 124, 12);
    at += blockSize;
    if (type !== "x" && type !== "g" && type !== "L" && type !== "K")
      return headOf(block, type, size, extended);
    if (bytes.length < at + size) return "more";
    const body = bytes.subarray(at, at + size);
    if (type === "x") extended = parsePax(body);
    if (type === "K") extended.set("linkpath", body.toString("utf8").replace(/\0+$/, ""));
    at += Math.ceil(size / blockSize) * blockSize;
  }
}

function headOf(block: Buffer, type: string, size: number, extended: ReadonlyMap<string, string>): TarHead {
  return {
    type: types[type] ?? "other",
    size: Number(extended.get("size") ?? size),
    mode: number(block, 100, 8),
    mtime: Number(extended.get("mtime") ?? number(block, 136, 12)),
    linkTarget: type === "2" ? (extended.get("linkpath") ?? text(block, 157, 100)) : "",
  };
}

function parsePax(body: Buffer): Map<string, string> {
  const found = new Map<string, string>();
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(32, at);
    const length = Number(body.subarray(at, space).toString("latin1"));
    if (space < 0 || !(length > 0)) break;
    const record = body.subarray(space + 1, at + length - 1).toString("utf8");
    const cut = record.indexOf("=");
    found.set(record.slice(0, cut), record.slice(cut + 1));
    at += length;
  }
  return found;
}

function text(block: Buffer, at: number, length: number): string {
  return block
    .subarray(at, at + length)
    .toString("utf8")
    .replace(/\0.*$/s, "");
}

/** Octal, or base-256 when the first bit is set. */
function number(block: Buffer, at: number, length: number): number {
  if (((block[at] ?? 0) & 0x80) === 0) return Number.parseInt(text(block, at, length).trim() || "0", 8);
  return Number(BigInt(`0x${block.subarray(at + 1, at + length).toString("hex")}`));
}
