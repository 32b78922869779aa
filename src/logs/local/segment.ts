import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { codeOf } from "../../base/index.ts";
import { openBytes, openPlain } from "./bytes.ts";
import type { LogBytes } from "./types.ts";

/** Bytes of one index record: time in nanoseconds and offset, both 64-bit little-endian. */
export const recordSize = 16;
const magic = 0x31584449474f4c47n;
/** A rotation is three system calls long; one that was cut short by a kill stays half done for ever. */
const rotationAttempts = 100;

/** One generation of a log, opened: its bytes and its index. The holder disposes it. */
export interface Segment extends AsyncDisposable {
  readonly generation: number;
  readonly data: LogBytes;
  readonly index: LogBytes;
}

/** Numbers of the generations kept in a directory, oldest first; the last one is being written. */
export async function listGenerations(directory: string): Promise<number[]> {
  const newest = await newestGeneration(directory);
  if (newest === undefined) return [];
  const names = await readdir(directory);
  const rotated = new Set(
    names
      .map((name) => /^log\.(\d+)(\.zst)?$/.exec(name)?.[1])
      .filter((text) => text !== undefined)
      .map(Number)
      .filter((generation) => generation < newest),
  );
  return [...[...rotated].sort((a, b) => a - b), newest];
}

/** The generation being written; undefined before the first byte. */
export async function newestGeneration(directory: string): Promise<number | undefined> {
  for (let attempt = 0; attempt < rotationAttempts; attempt += 1) {
    const generation = await currentGeneration(directory);
    if (generation !== undefined) return generation;
    if ((await readdirOptional(directory)).length === 0) return undefined;
    await delay(1);
  }
  return undefined;
}

/** Opens a generation, plain or compressed; undefined when rotation has removed it. */
export async function openSegment(directory: string, generation: number): Promise<Segment | undefined> {
  for (let attempt = 0; attempt < rotationAttempts; attempt += 1) {
    const found = (await openRotated(directory, generation)) ?? (await openCurrent(directory, generation));
    if (found && found !== "moving") return found;
    if (!found && !(await lies(directory, generation))) return undefined;
    await delay(1);
  }
  return undefined;
}

/** Files that have their number change no more; their compressed forms hold the same. */
async function openRotated(directory: string, generation: number): Promise<Segment | undefined> {
  const path = join(directory, `log.${generation}`);
  const index = await openBytes(`${path}.idx`);
  if (!index) return undefined;
  const data = (await generationOf(index)) === generation ? await openBytes(path) : undefined;
  if (data) return segment(generation, data, index);
  await index.close();
  return undefined;
}

/**
 * The writer renames data before index and makes the new index before the new data. So a pair belongs together
 * when the index is still the file of its name after the data was opened.
 */
async function openCurrent(directory: string, generation: number): Promise<Segment | "moving" | undefined> {
  const path = join(directory, "log.idx");
  const index = await openPlain(path);
  if (!index) return undefined;
  const wanted = (await generationOf(index)) === generation;
  const data = wanted ? await openPlain(join(directory, "log")) : undefined;
  if (data && (await isStill(path, index))) return segment(generation, data, index);
  await data?.close();
  await index.close();
  return data ? "moving" : undefined;
}

function segment(generation: number, data: LogBytes, index: LogBytes): Segment {
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
  if (names.includes(`log.${generation}`) || names.includes(`log.${generation}.zst`)) return true;
  return (await currentGeneration(directory)) === generation;
}

async function isStill(path: string, file: LogBytes): Promise<boolean> {
  const [named, opened] = await Promise.all([stat(path).catch(() => undefined), file.inode()]);
  return named?.ino === opened;
}

/** What `log.idx` says; undefined while that is not there or not written. */
async function currentGeneration(directory: string): Promise<number | undefined> {
  const index = await openPlain(join(directory, "log.idx"));
  try {
    return index && (await generationOf(index));
  } finally {
    await index?.close();
  }
}

/** The generation in an index file's first record; undefined while that is not written. */
async function generationOf(index: LogBytes): Promise<number | undefined> {
  const header = Buffer.alloc(recordSize);
  const size = await index.read(header, 0);
  if (size < recordSize || header.readBigUInt64LE(0) !== magic) return undefined;
  return Number(header.readBigUInt64LE(8));
}

async function readdirOptional(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}
