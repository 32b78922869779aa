/** One entry of an archive that a test makes up, hostile ones included: nothing is checked. */
export interface Entry {
  readonly name: string | Uint8Array;
  readonly type?: "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "K" | "L" | "S" | "g" | "x";
  readonly link?: string;
  readonly data?: string | Uint8Array;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly device?: readonly [major: number, minor: number];
  /** PAX records that stand before the entry. */
  readonly pax?: Readonly<Record<string, string | Uint8Array>>;
  /** PAX records as they stand, sound or not, instead of `pax`. */
  readonly rawPax?: string;
  /** Size in the header where it shall differ from the data. */
  readonly size?: number;
  /** Header fields to be overwritten, by offset; the checksum is made to fit. */
  readonly raw?: Readonly<Record<number, string | Uint8Array>>;
}

/** The archive of these entries, in their order. */
export function tar(...entries: readonly Entry[]): Uint8Array {
  return Buffer.concat([...entries.flatMap(blocks), new Uint8Array(1024)]);
}

/** The archive as a stream of chunks. */
export async function* streamed(bytes: Uint8Array, size = 10_000): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function blocks(entry: Entry): Uint8Array[] {
  const data = toBytes(entry.data ?? "");
  const own = [header(entry, entry.size ?? data.length), padded(data)];
  if (!entry.pax && entry.rawPax === undefined) return own;
  const records =
    entry.rawPax === undefined
      ? Buffer.concat(Object.entries(entry.pax ?? {}).map(([key, value]) => record(key, toBytes(value))))
      : toBytes(entry.rawPax);
  return [header({ name: "PaxHeaders/x", type: "x" }, records.length), padded(records), ...own];
}

function header(entry: Entry, size: number): Uint8Array {
  const block = new Uint8Array(512);
  const put = (at: number, bytes: string | Uint8Array, room: number) =>
    block.set(toBytes(bytes).subarray(0, room), at);
  const octal = (at: number, value: number, room: number) =>
    put(at, value.toString(8).padStart(room - 1, "0"), room);
  put(0, entry.name, 100);
  octal(100, entry.mode ?? (entry.type === "5" ? 0o755 : 0o644), 8);
  octal(108, entry.uid ?? 0, 8);
  octal(116, entry.gid ?? 0, 8);
  octal(124, size, 12);
  octal(136, entry.mtime ?? 1_000_000_000, 12);
  put(156, entry.type ?? "0", 1);
  put(157, entry.link ?? "", 100);
  put(257, "ustar\u000000", 8);
  octal(329, entry.device?.[0] ?? 0, 8);
  octal(337, entry.device?.[1] ?? 0, 8);
  for (const [at, bytes] of Object.entries(entry.raw ?? {})) block.set(toBytes(bytes), Number(at));
  sign(block);
  return block;
}

/** Puts the checksum that fits into a header. */
export function sign(block: Uint8Array): void {
  block.set(toBytes("        "), 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.set(toBytes(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
}

/** A number as GNU writes what octal digits cannot hold: binary, the first bit set. */
export function base256(value: bigint, room: number): Uint8Array {
  const field = new Uint8Array(room);
  let rest = BigInt.asUintN(8 * room - 1, value);
  for (let at = room - 1; at >= 0; at -= 1, rest >>= 8n) field[at] = Number(rest & 0xffn);
  field[0] = (field[0] ?? 0) | 0x80;
  return field;
}

function record(key: string, value: Uint8Array): Uint8Array {
  const body = Buffer.concat([toBytes(` ${key}=`), value, toBytes("\n")]);
  let length = body.length;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return Buffer.concat([toBytes(String(length)), body]);
}

function padded(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, new Uint8Array((512 - (bytes.length % 512)) % 512)]);
}

function toBytes(value: string | Uint8Array): Uint8Array {
  return typeof value === "string" ? new TextEncoder().encode(value) : value;
}
