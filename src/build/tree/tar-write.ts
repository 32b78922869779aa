import { EngineError } from "../../base/index.ts";
import { bytesOf, encodePax } from "./pax.ts";
import type { EntryType, TreeEntry, TreeFile } from "./types.ts";

const block = 512;
const second = 1_000_000_000n;
const flags: Readonly<Record<EntryType, string>> = {
  file: "0",
  link: "1",
  symlink: "2",
  character: "3",
  block: "4",
  directory: "5",
  fifo: "6",
};

/**
 * Writes files as a tar (ustar, with PAX where that is too narrow); `path` of each is its name there. The bytes
 * depend on the files alone. Throws `invalid` when a file's content is not as long as it said.
 */
export async function* writeTar(files: AsyncIterable<TreeFile>): AsyncGenerator<Uint8Array> {
  for await (const file of files) {
    yield head(file);
    if (file.type !== "file" || file.size === 0) continue;
    let written = 0;
    for await (const chunk of file.content()) {
      written += chunk.length;
      yield chunk;
    }
    if (written !== file.size) {
      const message = `Cannot copy ${file.path}: it changed while it was read`;
      throw new EngineError("invalid", message, { subject: file.path });
    }
    yield padding(file.size);
  }
  yield new Uint8Array(2 * block);
}

function padding(size: number): Uint8Array {
  return new Uint8Array((block - (size % block)) % block);
}

function head(entry: TreeEntry): Uint8Array {
  const name = entry.type === "directory" ? `${entry.path}/` : entry.path;
  const records = new Map<string, Uint8Array>(entry.records ?? []);
  const note = (key: string, value: string) => records.set(key, bytesOf(value));
  if (bytesOf(name).length > 100) note("path", name);
  if (bytesOf(entry.target ?? "").length > 100) note("linkpath", entry.target ?? "");
  if (entry.size > 0o77777777777) note("size", String(entry.size));
  if (entry.uid > 0o7777777) note("uid", String(entry.uid));
  if (entry.gid > 0o7777777) note("gid", String(entry.gid));
  if (entry.modified % second !== 0n || entry.modified < 0n || entry.modified / second > 0o77777777777n) {
    note("mtime", timeText(entry.modified));
  }
  const plain = plainHead(entry, name, flags[entry.type]);
  if (records.size === 0) return plain;
  const body = encodePax(records);
  const paxEntry = { ...entry, target: "", size: body.length, mode: 0o644, uid: 0, gid: 0, modified: 0n };
  return Buffer.concat([plainHead(paxEntry, "PaxHeader", "x"), body, padding(body.length), plain]);
}

function timeText(nanoseconds: bigint): string {
  const positive = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const fraction = String(positive % second)
    .padStart(9, "0")
    .replace(/0+$/, "");
  const text = `${positive / second}${fraction === "" ? "" : `.${fraction}`}`;
  return nanoseconds < 0n ? `-${text}` : text;
}

function plainHead(entry: TreeEntry, name: string, flag: string): Buffer {
  const bytes = Buffer.alloc(block);
  const octal = (value: number, at: number, length: number) => {
    const fits = value >= 0 && value < 8 ** (length - 1);
    bytes.write((fits ? value : 0).toString(8).padStart(length - 1, "0"), at);
  };
  Buffer.from(bytesOf(name)).copy(bytes, 0, 0, 100);
  octal(entry.mode, 100, 8);
  octal(entry.uid, 108, 8);
  octal(entry.gid, 116, 8);
  octal(entry.size, 124, 12);
  octal(Number(entry.modified / second), 136, 12);
  bytes.write("        ", 148);
  bytes.write(flag, 156);
  Buffer.from(bytesOf(entry.target ?? "")).copy(bytes, 157, 0, 100);
  bytes.write("ustar\x0000", 257);
  octal(entry.device?.major ?? 0, 329, 8);
  octal(entry.device?.minor ?? 0, 337, 8);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return bytes;
}
