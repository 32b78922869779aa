/** One entry of a tar that is written. */
export interface TarEntry {
  /** Relative; a directory's has no trailing slash. */
  readonly path: string;
  readonly kind: "file" | "directory" | "symlink" | "fifo";
  /** Permission bits, with set-ID and sticky. */
  readonly mode: number;
  /** Seconds. */
  readonly mtime: number;
  /** Of a file; 0 for all else. */
  readonly size: number;
  /** Target of a symlink. */
  readonly link?: string | undefined;
  /** Root when left out. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

const blockSize = 512;
const typeFlags = { file: "0", symlink: "2", directory: "5", fifo: "6", pax: "x" } as const;

/** The two zero blocks that end an archive. */
export const tarEnd: Uint8Array = new Uint8Array(2 * blockSize);

/** The entry's header, with a PAX one before it for what the plain one cannot hold. */
export function encodeTarHeader(entry: TarEntry): Uint8Array {
  const path = entry.kind === "directory" ? `${entry.path}/` : entry.path;
  const records = [
    ...(needsPax(path) ? [paxRecord("path", path)] : []),
    ...(needsPax(entry.link ?? "") ? [paxRecord("linkpath", entry.link ?? "")] : []),
    ...((entry.uid ?? 0) > 0o7777777 ? [paxRecord("uid", String(entry.uid))] : []),
    ...((entry.gid ?? 0) > 0o7777777 ? [paxRecord("gid", String(entry.gid))] : []),
    ...(entry.size > 0o77777777777 ? [paxRecord("size", String(entry.size))] : []),
  ];
  const head = block({ ...entry, path, type: typeFlags[entry.kind] });
  if (records.length === 0) return head;
  const pax = Buffer.concat(records);
  const paxHead = block({ path: "PaxHeader", mode: 0o644, mtime: entry.mtime, size: pax.length, type: "x" });
  return Buffer.concat([paxHead, pax, tarPadding(pax.length), head]);
}

/** The zeros that fill a body of this size up to a whole block. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((blockSize - (size % blockSize)) % blockSize);
}

interface Block {
  readonly path: string;
  readonly mode: number;
  readonly mtime: number;
  readonly size: number;
  readonly type: string;
  readonly link?: string | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

function block({ path, mode, mtime, size, type, link = "", uid = 0, gid = 0 }: Block): Buffer {
  const bytes = Buffer.alloc(blockSize);
  bytes.write(path.slice(0, 100), 0, 100, "utf8");
  octal(bytes, mode & 0o7777, { at: 100, length: 8 });
  octal(bytes, Math.min(uid, 0o7777777), { at: 108, length: 8 });
  octal(bytes, Math.min(gid, 0o7777777), { at: 116, length: 8 });
  octal(bytes, Math.min(size, 0o77777777777), { at: 124, length: 12 });
  octal(bytes, Math.max(0, Math.floor(mtime)), { at: 136, length: 12 });
  bytes.write("        ", 148);
  bytes.write(type, 156);
  bytes.write(link.slice(0, 100), 157, 100, "utf8");
  bytes.write("ustar\u000000", 257);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148);
  return bytes;
}

function octal(bytes: Buffer, value: number, field: { at: number; length: number }): void {
  bytes.write(value.toString(8).padStart(field.length - 1, "0"), field.at);
}

function needsPax(text: string): boolean {
  return Buffer.byteLength(text) !== text.length || text.length > 100;
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`;
  const size = Buffer.byteLength(rest);
  let total = size + String(size).length;
  if (size + String(total).length !== total) total = size + String(total).length;
  return Buffer.from(`${total}${rest}`);
}
