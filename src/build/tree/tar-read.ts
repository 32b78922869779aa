import { EngineError } from "../../base/index.ts";
import { ByteReader } from "./byte-reader.ts";
import { type PaxRecords, parsePax, textOf } from "./pax.ts";
import type { EntryType, TreeFile } from "./types.ts";

const block = 512;
const latin = new TextDecoder();

const types: Readonly<Record<string, EntryType>> = {
  "0": "file",
  "\0": "file",
  "1": "link",
  "2": "symlink",
  "3": "character",
  "4": "block",
  "5": "directory",
  "6": "fifo",
};

/**
 * The entries of a tar as the layer helper writes it (ustar with PAX), with the names that stand there, without
 * trailing slash. Content that was not read is skipped.
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TreeFile> {
  await using reader = new ByteReader(source);
  let records: PaxRecords = new Map();
  for (let head = await reader.read(block); head; head = await reader.read(block)) {
    if (head.every((byte) => byte === 0)) break;
    const size = Number(textOf(records, "size") ?? numberAt(head, 124, 12));
    const flag = String.fromCharCode(head[156] ?? 0);
    if (flag === "x") {
      records = parsePax((await reader.read(padded(size)))?.subarray(0, size) ?? new Uint8Array(0));
      continue;
    }
    const content = new Content(reader, size);
    const type = types[flag];
    if (type === undefined)
      throw new EngineError("invalid", `Cannot read archive: entry of kind ${flag}`, { subject: flag });
    yield {
      ...describe(head, type, records),
      size: type === "file" ? size : 0,
      content: () => content.read(),
    };
    await content.skip();
    records = new Map();
  }
}

/** The bytes of one entry and the padding after them. */
class Content {
  readonly #reader: ByteReader;
  readonly #size: number;
  #started = false;
  #done = false;

  constructor(reader: ByteReader, size: number) {
    this.#reader = reader;
    this.#size = size;
  }

  async *read(): AsyncGenerator<Uint8Array> {
    if (this.#started) throw new Error("The content of an entry can be read once");
    this.#started = true;
    yield* this.#reader.take(this.#size);
    await this.#reader.read(padded(this.#size) - this.#size);
    this.#done = true;
  }

  async skip(): Promise<void> {
    if (this.#done) return;
    if (this.#started) throw new Error("The content of an entry was read in part");
    for await (const _chunk of this.read());
  }
}

function padded(size: number): number {
  return Math.ceil(size / block) * block;
}

function describe(head: Uint8Array, type: EntryType, records: PaxRecords) {
  const name = textOf(records, "path") ?? nameOf(head);
  const target = textOf(records, "linkpath") ?? textAt(head, 157, 100);
  const attributes = [...records].filter(([key]) => key.startsWith("SCHILY.xattr."));
  return {
    path: name.replace(/\/+$/, ""),
    type,
    mode: numberAt(head, 100, 8) & 0o7777,
    uid: Number(textOf(records, "uid") ?? numberAt(head, 108, 8)),
    gid: Number(textOf(records, "gid") ?? numberAt(head, 116, 8)),
    modified: modifiedOf(head, records),
    ...(type === "symlink" || type === "link" ? { target } : {}),
    ...(type === "character" || type === "block"
      ? { device: { major: numberAt(head, 329, 8), minor: numberAt(head, 337, 8) } }
      : {}),
    ...(attributes.length > 0 ? { records: new Map(attributes) } : {}),
  };
}

function nameOf(head: Uint8Array): string {
  const prefix = textAt(head, 257, 5) === "ustar" ? textAt(head, 345, 155) : "";
  const name = textAt(head, 0, 100);
  return prefix === "" ? name : `${prefix}/${name}`;
}

function textAt(head: Uint8Array, at: number, length: number): string {
  const field = head.subarray(at, at + length);
  const end = field.indexOf(0);
  return latin.decode(end < 0 ? field : field.subarray(0, end));
}

function numberAt(head: Uint8Array, at: number, length: number): number {
  const first = head[at] ?? 0;
  if (first & 0x80) {
    let value = BigInt(first & 0x7f);
    for (const byte of head.subarray(at + 1, at + length)) value = value * 256n + BigInt(byte);
    return Number(value);
  }
  const digits = textAt(head, at, length).trim();
  return digits === "" ? 0 : Number.parseInt(digits, 8);
}

/** Nanoseconds since the epoch. */
function modifiedOf(head: Uint8Array, records: PaxRecords): bigint {
  const text = textOf(records, "mtime");
  if (text === undefined) return BigInt(numberAt(head, 136, 12)) * 1_000_000_000n;
  const [, sign = "", seconds = "0", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  const value = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
  return sign === "-" ? -value : value;
}
