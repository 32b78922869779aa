import type { JsonFile } from "./files.ts";
import { jsonLines } from "./lines.ts";

/** A place in a log of several files. */
export interface JsonPlace {
  /** Number of the file in the list. */
  readonly file: number;
  readonly offset: number;
}

const newline = 10;
const firstLook = 1 << 16;

/** Where the last `count` lines of some streams begin. A long line that lies in parts counts once. */
export async function findJsonTail(
  files: readonly JsonFile[],
  count: number,
  streams: ReadonlySet<number>,
): Promise<JsonPlace> {
  let missing = count;
  for (let file = files.length - 1; file >= 0 && missing > 0; file -= 1) {
    const starts = await lastStarts(files[file], missing, streams);
    if (starts.length >= missing) return { file, offset: starts.at(-missing) ?? 0 };
    missing -= starts.length;
  }
  return count > 0 ? { file: 0, offset: 0 } : await endOf(files);
}

async function endOf(files: readonly JsonFile[]): Promise<JsonPlace> {
  const file = Math.max(0, files.length - 1);
  return { file, offset: (await files[file]?.size()) ?? 0 };
}

/** Offsets of the last lines, in order: of at least `wanted` if there are as many. Looks at the end of a file first. */
async function lastStarts(
  file: JsonFile | undefined,
  wanted: number,
  streams: ReadonlySet<number>,
): Promise<number[]> {
  if (!file) return [];
  const size = file.compressed ? 0 : await file.size();
  for (let look = firstLook; ; look *= 16) {
    const from = file.compressed ? 0 : Math.max(0, size - look);
    const starts = await startsFrom(file, from, wanted, streams);
    if (from === 0 || starts.length >= wanted) return starts;
  }
}

async function startsFrom(
  file: JsonFile,
  from: number,
  wanted: number,
  streams: ReadonlySet<number>,
): Promise<number[]> {
  const starts: number[] = [];
  const open = new Set<number>();
  // The first line may begin before: it only tells where the next one does.
  let before = from > 0 ? undefined : 0;
  for await (const lines of jsonLines(file.bytes(from), from)) {
    for (const line of lines) {
      if (before !== undefined && streams.has(line.stream) && !open.has(line.stream)) starts.push(before);
      if (line.payload.at(-1) === newline) open.delete(line.stream);
      else open.add(line.stream);
      before = line.end;
    }
    if (starts.length > 2 * wanted + 1024) starts.splice(0, starts.length - wanted);
  }
  return starts;
}
