import { setTimeout as delay } from "node:timers/promises";
import type { LogPosition } from "../../base/index.ts";
import { Renderer } from "../render.ts";
import { StreamSelector } from "../select.ts";
import type { FollowFrom, LogQuery } from "../types.ts";
import { type Chunk, cutTo } from "./chunks.ts";
import { LogCursor } from "./cursor.ts";
import { findTail, type TailCuts } from "./tail.ts";

/**
 * Reads a container's output from its log directory, oldest first, in Docker's framing (plain bytes for a
 * terminal). With `follow` it goes on with live output: what that opens takes over at the very byte where the
 * files ended. Ends when there is no more to come.
 */
export async function* readLog(
  directory: string,
  query: LogQuery,
  follow?: FollowFrom,
): AsyncGenerator<Uint8Array> {
  const reading = await openReading(directory, query);
  if (!reading) return;
  yield* readFiles(reading);
  if (!follow || isPast(query.until)) return;
  const live = yield* joinLive(reading, follow);
  if (!live) {
    // It ended while its output was being read; the rest lies in the files.
    yield* readFiles(reading);
  } else if (needsLines(query)) {
    yield* followFiles(reading, live);
  } else {
    yield* followBytes(reading, live);
  }
}

/** Reads on until live output begins where the files ended: meanwhile they may have been rotated and compressed. */
async function* joinLive(
  reading: Reading,
  follow: FollowFrom,
): AsyncGenerator<Uint8Array, AsyncIterable<Uint8Array> | undefined> {
  for (;;) {
    const wanted = reading.cursor.position;
    const live = await follow(wanted);
    if (!live || compare(live.position, wanted) === 0) return live?.output;
    void live.output[Symbol.asyncIterator]().return?.();
    yield* readFiles(reading);
    // Nothing was there to read: what lay between is gone for good.
    if (compare(reading.cursor.position, wanted) === 0) reading.cursor.moveTo(live.position);
  }
}

interface Reading {
  readonly cursor: LogCursor;
  readonly query: LogQuery;
  readonly streams: ReadonlySet<number>;
  readonly cuts: TailCuts | undefined;
  readonly renderer: Renderer;
}

async function openReading(directory: string, query: LogQuery): Promise<Reading | undefined> {
  const streams = selectedStreams(query);
  if (streams.size === 0) return undefined;
  const { tail, tty } = query;
  const cuts = tail === undefined ? undefined : await findTail(directory, { lines: tail, streams, tty });
  const cursor = new LogCursor(directory, await startOf(directory, query, cuts));
  return { cursor, query, streams, cuts, renderer: new Renderer(query) };
}

/** A terminal has one stream, which counts as stdout. */
function selectedStreams({ stdout, stderr, tty }: LogQuery): Set<number> {
  return new Set([...(stdout ? [1] : []), ...(stderr && !tty ? [2] : [])]);
}

async function startOf(directory: string, query: LogQuery, cuts: TailCuts | undefined): Promise<LogPosition> {
  const since = query.since === undefined ? undefined : await LogCursor.since(directory, query.since);
  const [first] = [...(cuts?.values() ?? [])].sort(compare);
  const tail = first && { generation: first.generation, offset: first.chunkOffset };
  if (since && tail) return compare(since, tail) > 0 ? since : tail;
  return since ?? tail ?? (await LogCursor.oldest(directory));
}

function compare(a: LogPosition, b: LogPosition): number {
  return a.generation - b.generation || a.offset - b.offset;
}

/** Everything up to the end of what is written now: as it lies, as soon as nothing has to be left out or added. */
async function* readFiles(reading: Reading): AsyncGenerator<Uint8Array> {
  const { cursor, query, streams, cuts } = reading;
  const asItLies = !needsLines(query) && (query.tty || streams.size === 2);
  if (!asItLies) {
    yield* readChunks(reading, () => false);
    return;
  }
  const last = [...(cuts?.values() ?? [])].sort(compare).at(-1);
  if (last) yield* readChunks(reading, () => compare(cursor.position, last) >= 0);
  yield* cursor.bytes();
}

async function* readChunks(reading: Reading, enough: () => boolean): AsyncGenerator<Uint8Array> {
  const { cursor, query, renderer } = reading;
  if (enough()) return;
  for await (const { generation, chunks } of cursor.chunks(query.tty)) {
    const late = chunks.findIndex(({ time }) => query.until !== undefined && time > query.until);
    const wanted = (late < 0 ? chunks : chunks.slice(0, late)).flatMap((chunk) =>
      choose(reading, generation, chunk),
    );
    if (wanted.length > 0) yield Buffer.concat(wanted.map((chunk) => renderer.render(chunk)));
    if (late >= 0 || enough()) return;
  }
}

/** What the query wants of a chunk: its stream, and of that what follows the tail's cut. */
function choose({ streams, cuts }: Reading, generation: number, chunk: Chunk): Chunk[] {
  if (!streams.has(chunk.stream)) return [];
  const cut = cuts?.get(chunk.stream);
  if (!cut || generation > cut.generation) return [chunk];
  if (generation < cut.generation) return [];
  const rest = cutTo(chunk, cut.offset);
  return rest.payload.length > 0 ? [rest] : [];
}

/** Live bytes as they come; where one stream is not wanted its frames are left out. */
async function* followBytes(reading: Reading, live: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (reading.query.tty || reading.streams.size === 2) {
    yield* live;
    return;
  }
  const selector = new StreamSelector(reading.streams);
  for await (const chunk of live) yield* selector.push(chunk);
}

/** Times stand in the files alone: live output only says that there is more in them. */
async function* followFiles(reading: Reading, live: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const _ of endingAt(live, reading.query.until)) yield* readFiles(reading);
  yield* readFiles(reading);
}

async function* endingAt(
  live: AsyncIterable<Uint8Array>,
  until: bigint | undefined,
): AsyncGenerator<Uint8Array> {
  if (until === undefined) {
    yield* live;
    return;
  }
  const iterator = live[Symbol.asyncIterator]();
  const abort = new AbortController();
  const wait = Math.max(0, Number(until / 1_000_000n) - Date.now());
  const over = delay(wait, { done: true, value: undefined } as const, { signal: abort.signal }).catch(
    () => undefined,
  );
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), over]);
      if (!next || next.done) return;
      yield next.value;
    }
  } finally {
    abort.abort();
    void iterator.return?.();
  }
}

function needsLines(query: LogQuery): boolean {
  return query.timestamps || query.until !== undefined || query.details !== undefined;
}

function isPast(until: bigint | undefined): boolean {
  return until !== undefined && until <= BigInt(Date.now()) * 1_000_000n;
}
