import type { LogPosition } from "../../base/index.ts";
import { type Chunk, chunksFrom } from "./chunks.ts";
import { findRecord, readRecords } from "./records.ts";
import { listGenerations, newestGeneration, openSegment, type Segment } from "./segment.ts";

const blockBytes = 1 << 20;

/** A place in a log that moves forward, over rotations, to the end of what is written. */
export class LogCursor {
  readonly #directory: string;
  #position: LogPosition;

  constructor(directory: string, start: LogPosition) {
    this.#directory = directory;
    this.#position = start;
  }

  /** The first byte kept. */
  static async oldest(directory: string): Promise<LogPosition> {
    const [generation = 1] = await listGenerations(directory);
    return { generation, offset: 0 };
  }

  /** Behind the last byte written. */
  static async end(directory: string): Promise<LogPosition> {
    const generation = (await newestGeneration(directory)) ?? 1;
    await using segment = await openSegment(directory, generation);
    return { generation, offset: segment ? await segment.data.size() : 0 };
  }

  /** The first chunk at or after a time; the end when there is none. */
  static async since(directory: string, time: bigint): Promise<LogPosition> {
    const end = await LogCursor.end(directory);
    for (const generation of await listGenerations(directory)) {
      await using segment = await openSegment(directory, generation);
      const first = segment && (await firstChunk(segment, time));
      if (first !== undefined) return { generation, offset: first };
    }
    return end;
  }

  get position(): LogPosition {
    return this.#position;
  }

  /** The bytes as they lie, up to the end of what is written now. */
  async *bytes(): AsyncGenerator<Uint8Array> {
    for await (const segment of this.#segments()) {
      for (;;) {
        const block = Buffer.allocUnsafe(blockBytes);
        const bytesRead = await segment.data.read(block, this.#position.offset);
        if (bytesRead === 0) break;
        this.#advance(this.#position.offset + bytesRead);
        yield block.subarray(0, bytesRead);
      }
    }
  }

  /** The same as chunks with their times. */
  async *chunks(tty: boolean): AsyncGenerator<{ generation: number; chunks: Chunk[] }> {
    for await (const segment of this.#segments()) {
      for await (const batch of chunksFrom(segment, this.#position.offset, tty)) {
        const last = batch.at(-1);
        if (last) this.#advance(last.payloadOffset + last.payload.length);
        yield { generation: segment.generation, chunks: batch };
      }
    }
  }

  moveTo(position: LogPosition): void {
    this.#position = position;
  }

  #advance(offset: number): void {
    this.#position = { generation: this.#position.generation, offset };
  }

  /**
   * The generations from the position on. One is given until nothing is left of it: what was written to it
   * between its end and its rotation is read by a second round.
   */
  async *#segments(): AsyncGenerator<Segment> {
    for (;;) {
      const { generation } = this.#position;
      const newest = await newestGeneration(this.#directory);
      if (newest === undefined) return;
      await using segment = await openSegment(this.#directory, generation);
      if (segment) yield segment;
      if (generation >= newest) {
        if ((await newestGeneration(this.#directory)) === newest) return;
        continue;
      }
      const next = (await listGenerations(this.#directory)).find((one) => one > generation);
      this.#position = { generation: next ?? newest, offset: 0 };
    }
  }
}

/** The offset of a generation's first chunk at or after a time, if there is one. */
async function firstChunk(segment: Segment, time: bigint): Promise<number | undefined> {
  const number = await findRecord(segment.index, (record) => record.time >= time);
  const [record] = await readRecords(segment.index, number, 1);
  return record?.offset;
}
