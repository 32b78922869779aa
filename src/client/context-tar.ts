import type { Stats } from "node:fs";
import { lstat, open, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { EngineError, type IgnoreMatcher } from "../base/index.ts";
import { encodeTarHeader, type TarEntry, tarEnd, tarPadding } from "./tar-entry.ts";

export interface TreeOptions {
  readonly matcher: IgnoreMatcher;
  /** Paths that go in though a pattern excludes them. */
  readonly always: ReadonlySet<string>;
  /** Files that are added, in place of those of the same path. */
  readonly extra: readonly { readonly path: string; readonly content: Uint8Array }[];
  readonly signal?: AbortSignal;
}

const pieceSize = 256 * 1024;
const flushSize = 64 * 1024;

/** The tree below `root` as a tar, in sorted order; small pieces are sent together. */
export async function* packTree(root: string, options: TreeOptions): AsyncGenerator<Uint8Array, void> {
  let pending: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces(root, options)) {
    options.signal?.throwIfAborted();
    pending.push(piece);
    size += piece.length;
    if (size < flushSize) continue;
    yield pending.length === 1 ? piece : Buffer.concat(pending);
    pending = [];
    size = 0;
  }
  yield Buffer.concat([...pending, tarEnd]);
}

async function* pieces(root: string, options: TreeOptions): AsyncGenerator<Uint8Array, void> {
  yield* directoryPieces({ root, ...options }, "");
  for (const { path, content } of options.extra) {
    yield encodeTarHeader({ path, kind: "file", mode: 0o644, mtime: 0, size: content.length });
    yield content;
    yield tarPadding(content.length);
  }
}

interface Walk extends TreeOptions {
  readonly root: string;
}

async function* directoryPieces(walk: Walk, directory: string): AsyncGenerator<Uint8Array, void> {
  const names = (await readdir(join(walk.root, directory))).sort();
  for (const name of names) {
    const path = directory === "" ? name : `${directory}/${name}`;
    if (walk.extra.some((file) => file.path === path)) continue;
    const wanted = !walk.matcher.excluded(path) || walk.always.has(path);
    const stats = await lstat(join(walk.root, path));
    if (wanted) yield* entryPieces(walk, path, stats);
    const enter = wanted || walk.matcher.mayReinclude(path) || leadsToAlways(walk, path);
    if (stats.isDirectory() && enter) yield* directoryPieces(walk, path);
  }
}

function leadsToAlways(walk: Walk, directory: string): boolean {
  return [...walk.always].some((path) => path.startsWith(`${directory}/`));
}

async function* entryPieces(walk: Walk, path: string, stats: Stats): AsyncGenerator<Uint8Array, void> {
  const kind = kindOf(path, stats);
  if (kind === "socket") return;
  const full = join(walk.root, path);
  const link = kind === "symlink" ? await readlink(full) : undefined;
  const size = kind === "file" ? stats.size : 0;
  const header = { path, kind, mode: stats.mode & 0o7777, mtime: stats.mtimeMs / 1000, size, link };
  yield encodeTarHeader(header);
  if (size > 0) yield* filePieces(full, size);
}

function kindOf(path: string, stats: Stats): TarEntry["kind"] | "socket" {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "directory";
  if (stats.isSymbolicLink()) return "symlink";
  if (stats.isFIFO()) return "fifo";
  if (stats.isSocket()) return "socket";
  throw new EngineError("invalid", `Cannot pack context: ${path} is a device`, { subject: path });
}

/** Exactly `size` bytes and the padding: what grew meanwhile is cut, what shrank is an error. */
async function* filePieces(path: string, size: number): AsyncGenerator<Uint8Array, void> {
  const file = await open(path, "r");
  try {
    for (let left = size; left > 0; ) {
      const buffer = Buffer.allocUnsafe(Math.min(left, pieceSize));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) {
        throw new EngineError("conflict", `Cannot pack context: ${path} became shorter`, { subject: path });
      }
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
  yield tarPadding(size);
}
