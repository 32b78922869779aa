import { countRecords, findRecord, type LogRecord, readRecords } from "./records.ts";
import type { Segment } from "./segment.ts";

/** What came out of the container at one moment. */
export interface Chunk {
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  /** 1: stdout (and all of a terminal), 2: stderr. */
  readonly stream: number;
  /** Where the chunk begins in the generation's file, and where its payload does. */
  readonly chunkOffset: number;
  readonly payloadOffset: number;
  readonly payload: Uint8Array;
}

export const headerSize = 8;
const batchBytes = 1 << 20;
const batchRecords = 4096;

/** The chunks of a generation that lie at or after `offset`, in batches of about a megabyte. */
export async function* chunksFrom(segment: Segment, offset: number, tty: boolean): AsyncGenerator<Chunk[]> {
  let next = await findRecord(segment.index, (record) => record.offset >= offset);
  // A terminal's position may lie within a chunk, and the last chunk may grow before the next record tells its end.
  if (tty && next > 0) next -= 1;
  let position = offset;
  for (;;) {
    const chunks = await readChunks(segment, next, batchRecords, tty);
    if (chunks.length === 0) return;
    next += chunks.length;
    yield tty
      ? chunks.map((chunk) => cutTo(chunk, position)).filter(({ payload }) => payload.length > 0)
      : chunks;
    const last = chunks.at(-1);
    if (last) position = Math.max(position, last.payloadOffset + last.payload.length);
  }
}

/** The chunks of a generation from the last to the first, in batches whose chunks are in order. */
export async function* chunksBackwards(segment: Segment, tty: boolean): AsyncGenerator<Chunk[]> {
  const step = 64;
  let end = await countRecords(segment.index);
  while (end > 0) {
    const first = Math.max(0, end - step);
    const batches: Chunk[][] = [];
    for (let at = first; at < end; ) {
      const chunks = await readChunks(segment, at, end - at, tty);
      if (chunks.length === 0) break;
      at += chunks.length;
      batches.unshift(chunks);
    }
    yield* batches;
    end = first;
  }
}

/** Up to `count` chunks from record `first` on, at least one if there is one. */
async function readChunks(segment: Segment, first: number, count: number, tty: boolean): Promise<Chunk[]> {
  // One record more tells where the last chunk ends.
  const records = await readRecords(segment.index, first, count + 1);
  const more = records.length > count ? records.pop() : undefined;
  const [start] = records;
  if (!start) return [];
  const size = await segment.data.size();
  const ends = records.map((_, index) => (records[index + 1] ?? more)?.offset ?? size);
  let fitting = ends.findIndex((end) => end - start.offset > batchBytes);
  fitting = fitting < 0 ? records.length : Math.max(1, fitting);
  const length = (ends[fitting - 1] ?? size) - start.offset;
  const bytes = Buffer.allocUnsafe(length);
  const bytesRead = await segment.data.read(bytes, start.offset);
  return records
    .slice(0, fitting)
    .map((record, index) => {
      const end = Math.min((ends[index] ?? size) - start.offset, bytesRead);
      return chunkOf(record, bytes.subarray(record.offset - start.offset, end), tty);
    })
    .filter((chunk) => chunk !== undefined);
}

function chunkOf(record: LogRecord, bytes: Buffer, tty: boolean): Chunk | undefined {
  const { time, offset: chunkOffset } = record;
  if (tty) return { time, stream: 1, chunkOffset, payloadOffset: chunkOffset, payload: bytes };
  if (bytes.length < headerSize) return undefined;
  return {
    time,
    chunkOffset,
    stream: bytes[0] ?? 0,
    payloadOffset: chunkOffset + headerSize,
    payload: bytes.subarray(headerSize, headerSize + bytes.readUInt32BE(4)),
  };
}

/** What of a chunk lies at or after a byte of its file. */
export function cutTo(chunk: Chunk, offset: number): Chunk {
  const cut = Math.min(chunk.payload.length, offset - chunk.payloadOffset);
  if (cut <= 0) return chunk;
  return { ...chunk, payloadOffset: chunk.payloadOffset + cut, payload: chunk.payload.subarray(cut) };
}
