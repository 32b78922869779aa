import { basename, dirname } from "node:path";
import { Renderer } from "../render.ts";
import type { LogQuery } from "../types.ts";
import { closeAll, type JsonFile, openJsonFiles } from "./files.ts";
import { type JsonLine, jsonLines } from "./lines.ts";
import { findJsonTail, type JsonPlace } from "./tail.ts";
import { DirectoryWatch } from "./watch.ts";

/** Resolves when the container's output has ended and all of it is in the files. */
export type JsonFollow = Promise<unknown>;

/**
 * Reads a container's output from Docker's JSON files, oldest first, in Docker's framing. With `follow` it goes on
 * with what is written until that resolves; rotated files are read to their end first.
 */
export async function* readJsonLog(
  path: string,
  query: LogQuery,
  follow?: JsonFollow,
): AsyncGenerator<Uint8Array> {
  const streams = new Set([...(query.stdout ? [1] : []), ...(query.stderr && !query.tty ? [2] : [])]);
  if (streams.size === 0) return;
  const reader = new Reader(query, streams);
  const watch = follow && new DirectoryWatch(dirname(path), basename(path));
  try {
    yield* reader.first(path);
    if (!follow || !watch || reader.isOver) return;
    const over = follow.then(
      () => "over" as const,
      () => "over" as const,
    );
    for (let state: "over" | "changed" = "changed"; state === "changed" && !reader.isOver; ) {
      state = await Promise.race([over, watch.next()]);
      yield* reader.more(path);
      if (query.until !== undefined && BigInt(Date.now()) * 1_000_000n > query.until) return;
    }
  } finally {
    watch?.close();
    await reader.close();
  }
}

/** Knows how far the log was read: in which file, whatever its name has become, and to which byte. */
class Reader {
  readonly #query: LogQuery;
  readonly #streams: ReadonlySet<number>;
  readonly #renderer: Renderer;
  #file: JsonFile | undefined;
  #offset = 0;
  /** A line later than `until` was met. */
  isOver = false;

  constructor(query: LogQuery, streams: ReadonlySet<number>) {
    this.#query = query;
    this.#streams = streams;
    this.#renderer = new Renderer(query);
  }

  /** Everything there is, from where the query begins. */
  async *first(path: string): AsyncGenerator<Uint8Array> {
    const files = await openJsonFiles(path);
    try {
      const { tail } = this.#query;
      const start: JsonPlace =
        tail === undefined ? { file: 0, offset: 0 } : await findJsonTail(files, tail, this.#streams);
      this.#offset = start.offset;
      yield* this.#through(files.slice(start.file));
    } finally {
      await closeAll(files.filter((file) => file !== this.#file));
    }
  }

  /** What has come since, over rotations. */
  async *more(path: string): AsyncGenerator<Uint8Array> {
    const files = await openJsonFiles(path);
    const before = this.#file;
    try {
      // The last one of this number: numbers are used again, but not while a file is open. One that is not there
      // any more is older than all that are.
      const same = files.findLastIndex(({ inode }) => inode === before?.inode);
      if (before) yield* this.#through([before]);
      const later = files.slice(same + 1);
      if (later.length === 0) return;
      this.#offset = 0;
      yield* this.#through(later);
      if (before !== this.#file) await before?.[Symbol.asyncDispose]();
    } finally {
      await closeAll(files.filter((file) => file !== this.#file));
    }
  }

  async close(): Promise<void> {
    await this.#file?.[Symbol.asyncDispose]();
  }

  async *#through(files: readonly JsonFile[]): AsyncGenerator<Uint8Array> {
    for (const [number, file] of files.entries()) {
      if (this.isOver) return;
      if (number > 0) this.#offset = 0;
      // Somebody emptied it, as people do with logs that grew large.
      if (!file.compressed && (await file.size()) < this.#offset) this.#offset = 0;
      for await (const lines of jsonLines(file.bytes(this.#offset), this.#offset)) yield* this.#render(lines);
      if (number === files.length - 1) this.#file = file;
    }
  }

  *#render(lines: readonly JsonLine[]): Generator<Uint8Array> {
    const { since, until } = this.#query;
    const parts: Uint8Array[] = [];
    for (const line of lines) {
      if (until !== undefined && line.time > until) {
        this.isOver = true;
        break;
      }
      this.#offset = line.end;
      if (!this.#streams.has(line.stream) || (since !== undefined && line.time < since)) continue;
      parts.push(this.#renderer.render(line));
    }
    if (parts.length > 0) yield Buffer.concat(parts);
  }
}
