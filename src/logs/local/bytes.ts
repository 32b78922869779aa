import { type FileHandle, open } from "node:fs/promises";
import { codeOf } from "../../base/index.ts";
import { openSeekable } from "./seekable.ts";
import type { LogBytes } from "./types.ts";

/** Opens a file, or its compressed form; undefined when there is neither. */
export async function openBytes(path: string): Promise<LogBytes | undefined> {
  // It is removed only after its compressed form has its name.
  const plain = await openOptional(path);
  if (plain) return plainBytes(plain);
  const packed = await openOptional(`${path}.zst`);
  return packed && (await openSeekable(packed));
}

/** Opens a plain file; undefined when there is none. */
export async function openPlain(path: string): Promise<LogBytes | undefined> {
  const file = await openOptional(path);
  return file && plainBytes(file);
}

function plainBytes(file: FileHandle): LogBytes {
  return {
    size: async () => (await file.stat()).size,
    read: async (into, position) => (await file.read(into, 0, into.length, position)).bytesRead,
    inode: async () => (await file.stat()).ino,
    close: () => file.close(),
  };
}

async function openOptional(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
