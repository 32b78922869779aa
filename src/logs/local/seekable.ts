import type { FileHandle } from "node:fs/promises";
import { EngineError } from "../../base/index.ts";
import { decompressBlock, hasCode } from "../../sys/index.ts";
import type { LogBytes } from "./types.ts";

const footerSize = 9;
const seekableMagic = 0x8f92eab1;
const entrySize = 8;

interface Block {
  /** Where its compressed bytes lie. */
  readonly at: number;
  readonly packed: number;
  /** Which bytes of the content it holds. */
  readonly start: number;
  readonly size: number;
}

/**
 * Content compressed block by block with a table at the end, zstd's seekable format, so that reading a place costs
 * one block. Takes the file over; throws `internal` for a damaged one.
 */
export async function openSeekable(file: FileHandle): Promise<LogBytes> {
  try {
    const blocks = await readTable(file);
    return new SeekableBytes(file, blocks);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readTable(file: FileHandle): Promise<Block[]> {
  const { size } = await file.stat();
  const footer = await readExactly(file, size - footerSize, footerSize);
  if (footer.readUInt32LE(5) !== seekableMagic) throw damaged();
  const count = footer.readUInt32LE(0);
  const table = await readExactly(file, size - footerSize - count * entrySize, count * entrySize);
  const blocks: Block[] = [];
  let at = 0;
  let start = 0;
  for (let entry = 0; entry < count; entry += 1) {
    const packed = table.readUInt32LE(entry * entrySize);
    const plain = table.readUInt32LE(entry * entrySize + 4);
    blocks.push({ at, packed, start, size: plain });
    at += packed;
    start += plain;
  }
  return blocks;
}

class SeekableBytes implements LogBytes {
  readonly #file: FileHandle;
  readonly #blocks: readonly Block[];
  /** Small reads follow each other within one block. */
  #recent: { readonly block: Block; readonly bytes: Uint8Array } | undefined;

  constructor(file: FileHandle, blocks: readonly Block[]) {
    this.#file = file;
    this.#blocks = blocks;
  }

  async size(): Promise<number> {
    const last = this.#blocks.at(-1);
    return last ? last.start + last.size : 0;
  }

  async inode(): Promise<number> {
    return (await this.#file.stat()).ino;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    const end = Math.min(position + into.length, await this.size());
    if (end <= position) return 0;
    for (let number = this.#find(position); number < this.#blocks.length; number += 1) {
      const block = this.#blocks[number];
      if (!block || block.start >= end) break;
      const from = Math.max(position, block.start);
      const to = Math.min(end, block.start + block.size);
      const place = into.subarray(from - position, to - position);
      if (place.length === block.size) await this.#unpack(block, place);
      else place.set((await this.#recentBytes(block)).subarray(from - block.start, to - block.start));
    }
    return end - position;
  }

  /** Number of the block that holds a byte. */
  #find(position: number): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#blocks[middle]?.start ?? 0) <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  async #recentBytes(block: Block): Promise<Uint8Array> {
    if (this.#recent?.block !== block) {
      const bytes = Buffer.allocUnsafe(block.size);
      await this.#unpack(block, bytes);
      this.#recent = { block, bytes };
    }
    return this.#recent.bytes;
  }

  async #unpack(block: Block, into: Uint8Array): Promise<void> {
    const packed = await readExactly(this.#file, block.at, block.packed);
    try {
      if (decompressBlock(into, packed) === block.size) return;
    } catch (cause) {
      if (!hasCode(cause, "EBADMSG")) throw cause;
    }
    throw damaged();
  }
}

async function readExactly(file: FileHandle, position: number, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  if (position < 0) throw damaged();
  const { bytesRead } = await file.read(bytes, 0, size, position);
  if (bytesRead < size) throw damaged();
  return bytes;
}

function damaged(): EngineError {
  return new EngineError("internal", "Cannot read log: a compressed part is damaged", { subject: "" });
}
