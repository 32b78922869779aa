import { recordSize } from "./segment.ts";
import type { LogBytes } from "./types.ts";

/** When a chunk was read from the container, and where it lies. */
export interface LogRecord {
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  readonly offset: number;
}

/** Complete records in an index file; the file's own header is not one. */
export async function countRecords(index: LogBytes): Promise<number> {
  const size = await index.size();
  return Math.max(0, Math.floor(size / recordSize) - 1);
}

/** Up to `count` records from number `first` on; fewer at the end. */
export async function readRecords(index: LogBytes, first: number, count: number): Promise<LogRecord[]> {
  const bytes = Buffer.allocUnsafe(count * recordSize);
  const bytesRead = await index.read(bytes, (first + 1) * recordSize);
  const records: LogRecord[] = [];
  for (let at = 0; at + recordSize <= bytesRead; at += recordSize) {
    records.push({ time: bytes.readBigUInt64LE(at), offset: Number(bytes.readBigUInt64LE(at + 8)) });
  }
  return records;
}

/** Number of the first record for which `reached` holds; it must hold for all after that one. */
export async function findRecord(index: LogBytes, reached: (record: LogRecord) => boolean): Promise<number> {
  let low = 0;
  let high = await countRecords(index);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [record] = await readRecords(index, middle, 1);
    if (!record || reached(record)) high = middle;
    else low = middle + 1;
  }
  return low;
}
