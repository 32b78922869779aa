import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSeekable } from "./seekable.ts";

const blockSize = 1000;
const content = Buffer.from(Array.from({ length: 4321 }, (_, index) => (index * 7) % 251));

/** As the shim writes it: frames of one size, then their table in a frame that decompressors skip. */
function packed(): Buffer {
  const frames: Buffer[] = [];
  const table: number[] = [];
  for (let at = 0; at < content.length; at += blockSize) {
    const block = content.subarray(at, at + blockSize);
    const frame = Bun.zstdCompressSync(block);
    frames.push(Buffer.from(frame));
    table.push(frame.length, block.length);
  }
  const tail = Buffer.alloc(8 + table.length * 4 + 9);
  tail.writeUInt32LE(0x184d2a5e, 0);
  tail.writeUInt32LE(tail.length - 8, 4);
  for (const [index, value] of table.entries()) tail.writeUInt32LE(value, 8 + index * 4);
  tail.writeUInt32LE(frames.length, tail.length - 9);
  tail.writeUInt32LE(0x8f92eab1, tail.length - 4);
  return Buffer.concat([...frames, tail]);
}

test("any place of compressed content is read like that of a plain file; a damaged one is told", async () => {
  const directory = mkdtempSync(join(tmpdir(), "gantry-seekable-"));
  try {
    const path = join(directory, "log.zst");
    writeFileSync(path, packed());
    const bytes = await openSeekable(await open(path));
    expect(await bytes.size()).toBe(content.length);
    for (const [at, size] of [
      [0, 10],
      [995, 10],
      [0, 4321],
      [1000, 1000],
      [500, 3000],
      [4320, 10],
      [4321, 1],
    ] as const) {
      const into = Buffer.alloc(size);
      const got = await bytes.read(into, at);
      expect(into.subarray(0, got)).toEqual(content.subarray(at, at + size));
    }
    await bytes.close();
    expect(Buffer.from(Bun.zstdDecompressSync(packed()))).toEqual(content);
    const broken = packed();
    broken.fill(0, 4, 12);
    writeFileSync(path, broken);
    const damaged = await openSeekable(await open(path));
    expect(damaged.read(Buffer.alloc(10), 0)).rejects.toThrow("damaged");
    await damaged.close();
    writeFileSync(path, packed().subarray(0, 100));
    expect(openSeekable(await open(path))).rejects.toThrow("damaged");
  } finally {
    rmSync(directory, { recursive: true });
  }
});
