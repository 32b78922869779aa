import type { LogPosition } from "../../base/index.ts";
import { type Chunk, chunksBackwards } from "./chunks.ts";
import { LogCursor } from "./cursor.ts";
import { listGenerations, openSegment, type Segment } from "./segment.ts";

/** A byte of a payload, and where the chunk that it lies in begins. */
export interface Cut extends LogPosition {
  readonly chunkOffset: number;
}

/** From where on each selected stream's bytes belong to the last lines; the log's end where it has none of them. */
export type TailCuts = ReadonlyMap<number, Cut>;

const newline = 10;

/** The state of a search that goes backwards: lines are counted at their ends, then their starts are looked for. */
interface Search {
  missing: number;
  readonly streams: ReadonlySet<number>;
  readonly cuts: Map<number, Cut>;
  /** The earliest byte seen of each stream. */
  readonly earliest: Map<number, Cut>;
  /** Streams whose last counted line has no start yet. */
  readonly open: Set<number>;
}

/**
 * Finds where the last `lines` lines of the selected streams begin. A line is what stands between newlines of
 * one stream; an unfinished last line counts.
 */
export async function findTail(
  directory: string,
  options: { lines: number; streams: ReadonlySet<number>; tty: boolean },
): Promise<TailCuts> {
  const { lines, streams, tty } = options;
  const end = await LogCursor.end(directory);
  const cuts = new Map([...streams].map((stream) => [stream, { ...end, chunkOffset: end.offset }]));
  const search: Search = { missing: lines, streams, cuts, earliest: new Map(), open: new Set() };
  if (lines <= 0) return cuts;
  for (const generation of (await listGenerations(directory)).reverse()) {
    await using segment = await openSegment(directory, generation);
    if (segment) await searchSegment(search, segment, tty);
    if (isDone(search)) return cuts;
  }
  for (const stream of [...search.open]) lineStarts(search, stream);
  return cuts;
}

async function searchSegment(search: Search, segment: Segment, tty: boolean): Promise<void> {
  for await (const batch of chunksBackwards(segment, tty)) {
    for (const chunk of batch.toReversed()) {
      if (search.streams.has(chunk.stream)) searchChunk(search, segment.generation, chunk);
    }
    if (isDone(search)) return;
  }
}

function searchChunk(search: Search, generation: number, chunk: Chunk): void {
  const { stream, payload, payloadOffset, chunkOffset } = chunk;
  const seen = (at: number) =>
    search.earliest.set(stream, { generation, offset: payloadOffset + at, chunkOffset });
  // The very last byte of a stream ends a line whatever it is.
  if (!search.earliest.has(stream) && payload.at(-1) !== newline) lineEnds(search, stream);
  let end = payload.length;
  while (end > 0 && !isDone(search)) {
    const at = payload.lastIndexOf(newline, end - 1);
    if (at < 0) break;
    if (at + 1 < payload.length) seen(at + 1);
    lineStarts(search, stream);
    lineEnds(search, stream);
    end = at;
  }
  if (!isDone(search)) seen(0);
}

function lineEnds(search: Search, stream: number): void {
  if (search.missing <= 0) return;
  search.missing -= 1;
  search.open.add(stream);
}

function lineStarts(search: Search, stream: number): void {
  const earliest = search.earliest.get(stream);
  if (earliest && search.open.delete(stream)) search.cuts.set(stream, earliest);
}

function isDone(search: Search): boolean {
  return search.missing <= 0 && search.open.size === 0;
}
