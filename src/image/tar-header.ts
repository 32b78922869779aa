import { EngineError } from "../base/index.ts";

/** What stands before a member of an archive. */
export interface TarHeader {
  readonly name: string;
  /** The letter of POSIX; a NUL of old archives is "0". */
  readonly type: string;
  readonly size: number;
  /** Where a link points to. */
  readonly target: string;
}

/** Parses one block; undefined for the zeros that end an archive. Throws `invalid` for anything that is no header. */
export function parseHeader(block: Uint8Array): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  checkSum(block);
  const type = String.fromCharCode(block[156] || 0x30);
  const prefix = isPosix(block) ? field(block, 345, 155) : "";
  const name = field(block, 0, 100);
  const hasData = !"123456".includes(type);
  const size = number(block.subarray(124, 136));
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    type,
    size: hasData ? size : 0,
    target: field(block, 157, 100),
  };
}

/** What PAX records say of the member that follows. Throws `invalid` for malformed ones. */
export function parsePax(bytes: Uint8Array): Partial<TarHeader> {
  let found: Partial<TarHeader> = {};
  for (let at = 0; at < bytes.length; ) {
    const { key, value, length } = parseRecord(bytes.subarray(at));
    at += length;
    if (key === "path") found = { ...found, name: text(value) };
    if (key === "linkpath") found = { ...found, target: text(value) };
    if (key === "size") found = { ...found, size: decimal(value) };
    if (key.startsWith("GNU.sparse.")) throw broken("it holds a sparse file");
  }
  return found;
}

function parseRecord(bytes: Uint8Array): { key: string; value: string; length: number } {
  const blank = bytes.indexOf(0x20);
  const length = blank > 0 && blank < 16 ? decimal(decode(bytes.subarray(0, blank))) : 0;
  const equals = bytes.indexOf(0x3d, blank);
  const isWhole = length > blank + 2 && length <= bytes.length && bytes[length - 1] === 0x0a;
  if (!isWhole || equals < 0 || equals >= length) throw broken("a malformed PAX record");
  return {
    key: decode(bytes.subarray(blank + 1, equals)),
    value: decode(bytes.subarray(equals + 1, length - 1)),
    length,
  };
}

/** No name holds a NUL: readers would see different names. */
function text(value: string): string {
  if (value.includes("\0")) throw broken("a name with a NUL in it");
  return value;
}

function decimal(value: string): number {
  const size = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(size)) throw broken(`"${value.slice(0, 40)}" is no size`);
  return size;
}

/** The sum counts its own field as blanks; some old writers summed signed bytes. */
function checkSum(block: Uint8Array): void {
  let unsigned = 0;
  let signed = 0;
  // By index: an iterator costs ten times as much, and there may be a hundred thousand headers.
  for (let index = 0; index < block.length; index += 1) {
    const counted = index >= 148 && index < 156 ? 0x20 : (block[index] ?? 0);
    unsigned += counted;
    signed += counted > 127 ? counted - 256 : counted;
  }
  const wanted = number(block.subarray(148, 156));
  if (wanted !== unsigned && wanted !== signed) throw broken("a header has a wrong checksum");
}

function isPosix(block: Uint8Array): boolean {
  return decode(block.subarray(257, 263)) === "ustar\0";
}

/** Octal digits, or binary after a first bit that is set. */
function number(bytes: Uint8Array): number {
  const [first = 0, ...rest] = bytes;
  if ((first & 0x80) !== 0) {
    const value = rest.reduce((sum, byte) => sum * 256 + byte, first & 0x7f);
    if ((first & 0x40) !== 0 || !Number.isSafeInteger(value)) throw broken("a size out of range");
    return value;
  }
  const digits = decode(bytes).replace(/[\0 ].*$/s, "") || decode(bytes).replace(/\0/g, "").trim();
  if (!/^[0-7]*$/.test(digits)) throw broken("a field that is no number");
  return digits === "" ? 0 : Number.parseInt(digits, 8);
}

function field(block: Uint8Array, at: number, size: number): string {
  const whole = block.subarray(at, at + size);
  const end = whole.indexOf(0);
  return decode(end < 0 ? whole : whole.subarray(0, end));
}

const decoder = new TextDecoder();

function decode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

function broken(why: string): EngineError {
  return new EngineError("invalid", `Cannot load images: ${why}`, { subject: "archive" });
}
