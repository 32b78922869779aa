import { createReadStream } from "node:fs";
import { type FileHandle, open, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { createGunzip } from "node:zlib";
import { codeOf } from "../../base/index.ts";

/** One of a container's JSON files, opened: its content stays readable whatever becomes of its name. */
export interface JsonFile extends AsyncDisposable {
  /** The file's number when it was written: a compressed one says whose content it holds. */
  readonly inode: number;
  readonly compressed: boolean;
  size(): Promise<number>;
  /** The content from a place on to its present end. */
  bytes(from: number): AsyncIterable<Uint8Array>;
}

const blockSize = 1 << 18;

/** Opens the files of a log, oldest first; the last one is being written. A rotation meanwhile is seen and waited for. */
export async function openJsonFiles(path: string): Promise<JsonFile[]> {
  for (;;) {
    const names = await rotatedNames(path);
    const files = await Promise.all(
      [...names, basename(path)].map((name) => openFile(join(dirname(path), name))),
    );
    const opened = files.filter((file) => file !== undefined);
    const again = await rotatedNames(path);
    if (again.join() === names.join()) return withoutDoubles(opened);
    await closeAll(opened);
  }
}

export async function closeAll(files: readonly JsonFile[]): Promise<void> {
  await Promise.all(files.map((file) => file[Symbol.asyncDispose]()));
}

async function rotatedNames(path: string): Promise<string[]> {
  const base = basename(path);
  const numbered = (await namesIn(dirname(path))).flatMap((name) => {
    const match = name.startsWith(`${base}.`) ? /^(\d+)(\.gz)?$/.exec(name.slice(base.length + 1)) : null;
    return match ? [{ name, number: Number(match[1]), packed: match[2] !== undefined }] : [];
  });
  return numbered
    .filter(({ number, packed }) => !packed || !numbered.some((one) => one.number === number && !one.packed))
    .sort((one, other) => other.number - one.number)
    .map(({ name }) => name);
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** A rename between two opens shows one file under two names. */
async function withoutDoubles(files: readonly OpenedFile[]): Promise<JsonFile[]> {
  const seen = new Set<number>();
  const kept: JsonFile[] = [];
  for (const file of files) {
    if (seen.has(file.ownInode)) await file[Symbol.asyncDispose]();
    else kept.push(file);
    seen.add(file.ownInode);
  }
  return kept;
}

interface OpenedFile extends JsonFile {
  readonly ownInode: number;
}

async function openFile(path: string): Promise<OpenedFile | undefined> {
  try {
    const handle = await open(path, "r");
    const compressed = path.endsWith(".gz");
    const ownInode = (await handle.stat()).ino;
    const inode = (compressed ? await inodeInHeader(handle) : undefined) ?? ownInode;
    return { ...describe(handle, compressed), inode, ownInode };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** The shim writes the number of the file that it compressed as gzip's comment, and no other optional field. */
async function inodeInHeader(handle: FileHandle): Promise<number | undefined> {
  const fixed = 10;
  const commentFlag = 16;
  const header = Buffer.alloc(fixed + 24);
  const { bytesRead } = await handle.read(header, 0, header.length, 0);
  const text = header.toString("latin1", fixed, bytesRead).split("\0")[0] ?? "";
  return header[3] === commentFlag && /^\d+$/.test(text) ? Number(text) : undefined;
}

function describe(handle: FileHandle, compressed: boolean): Omit<OpenedFile, "inode" | "ownInode"> {
  return {
    compressed,
    size: async () => (await handle.stat()).size,
    bytes: (from) => (compressed ? unpackedBytes(handle, from) : plainBytes(handle, from)),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

async function* plainBytes(handle: FileHandle, from: number): AsyncGenerator<Uint8Array> {
  for (let at = from; ; ) {
    const block = Buffer.allocUnsafe(blockSize);
    const { bytesRead } = await handle.read(block, 0, blockSize, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield block.subarray(0, bytesRead);
  }
}

async function* unpackedBytes(handle: FileHandle, from: number): AsyncGenerator<Uint8Array> {
  // Its own descriptor: the stream closes it.
  const source = createReadStream(`/proc/self/fd/${handle.fd}`);
  const unpacked = source.pipe(createGunzip());
  source.on("error", (error) => unpacked.destroy(error));
  let skip = from;
  try {
    for await (const chunk of unpacked as AsyncIterable<Uint8Array>) {
      const rest = chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - rest.length;
      if (rest.length > 0) yield rest;
    }
  } finally {
    source.destroy();
    unpacked.destroy();
  }
}
