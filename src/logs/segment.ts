import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { codeOf } from "../base/index.ts";

/** Bytes of one index record: time in nanoseconds and offset, both 64-bit little-endian. */
export const recordSize = 16;
const magic = 0x31584449474f4c47n;
/** A rotation is three system calls long; one that was cut short by a kill stays half done for ever. */
const rotationAttempts = 100;

/** One generation of a log, opened: its bytes and its index. The holder disposes it. */
export interface Segment extends AsyncDisposable {
  readonly generation: number;
  readonly data: FileHandle;
  readonly index: FileHandle;
}

/** Numbers of the generations kept in a directory, oldest first; the last one is being written. */
export async function listGenerations(directory: string): Promise<number[]> {
  const newest = await newestGeneration(directory);
  if (newest === undefined) return [];
  const names = await readdir(directory);
  const rotated = names
    .map((name) => /^log\.(\d+)$/.exec(name)?.[1])
    .filter((text) => text !== undefined)
    .map(Number)
    .filter((generation) => generation < newest);
  return [...rotated.sort((a, b) => a - b), newest];
}

/** The generation being written; undefined before the first byte. */
export async function newestGeneration(directory: string): Promise<number | undefined> {
  for (let attempt = 0; attempt < rotationAttempts; attempt += 1) {
    await using index = await openOptional(join(directory, "log.idx"));
    if (index) return await generationOf(index);
    if ((await readdirOptional(directory)).length === 0) return undefined;
    await delay(1);
  }
  return undefined;
}

/** Opens a generation; undefined when rotation has removed it. */
export async function openSegment(directory: string, generation: number): Promise<Segment | undefined> {
  for (let attempt = 0; attempt < rotationAttempts; attempt += 1) {
    const found = await tryOpen(directory, generation);
    if (found !== "moving") return found;
    await delay(1);
  }
  return undefined;
}

/**
 * The writer renames data before index and makes the new index before the new data. So a pair belongs together
 * when the index is still the file of its name after the data was opened.
 */
async function tryOpen(directory: string, generation: number): Promise<Segment | "moving" | undefined> {
  for (const base of [`log.${generation}`, "log"]) {
    const index = await openOptional(join(directory, `${base}.idx`));
    if (!index) continue;
    const data =
      (await generationOf(index)) === generation ? await openOptional(join(directory, base)) : undefined;
    if (data && (await isStill(join(directory, `${base}.idx`), index)))
      return segment(generation, data, index);
    await data?.close();
    await index.close();
    if (data) return "moving";
  }
  return (await lies(directory, generation)) ? "moving" : undefined;
}

function segment(generation: number, data: FileHandle, index: FileHandle): Segment {
  return {
    generation,
    data,
    index,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([data.close(), index.close()]);
    },
  };
}

/** True while some file of a generation is in the directory, so that looking again makes sense. */
async function lies(directory: string, generation: number): Promise<boolean> {
  const names = await readdirOptional(directory);
  if (names.includes(`log.${generation}`)) return true;
  await using index = await openOptional(join(directory, "log.idx"));
  return index !== undefined && (await generationOf(index)) === generation;
}

async function isStill(path: string, file: FileHandle): Promise<boolean> {
  const [named, opened] = await Promise.all([stat(path).catch(() => undefined), file.stat()]);
  return named?.ino === opened.ino;
}

/** The generation in an index file's first record; undefined while that is not written. */
async function generationOf(index: FileHandle): Promise<number | undefined> {
  const header = Buffer.alloc(recordSize);
  const { bytesRead } = await index.read(header, 0, recordSize, 0);
  if (bytesRead < recordSize || header.readBigUInt64LE(0) !== magic) return undefined;
  return Number(header.readBigUInt64LE(8));
}

async function openOptional(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function readdirOptional(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}
