import type { Stats } from "node:fs";
import { lstat, readdir, readlink, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { encodeTarHeader, type TarEntry, tarEnd, tarPadding } from "../../../client/index.ts";
import { readPieces } from "../../files/index.ts";

export interface PackOptions {
  /** What the top of the tar is called. */
  readonly as: string;
  /** Keep owners. */
  readonly archive: boolean;
  /** Follow a link at the top. */
  readonly follow: boolean;
  /** Grows by the bytes of the files. */
  readonly counter: { bytes: number };
}

/** A file or directory as a tar, made while it is read. */
export async function* packPath(path: string, options: PackOptions): AsyncGenerator<Uint8Array, void> {
  const stats = await (options.follow ? stat : lstat)(path);
  yield* pieces(path, { name: options.as, stats }, options);
  yield tarEnd;
}

async function* pieces(
  path: string,
  entry: { name: string; stats: Stats },
  options: PackOptions,
): AsyncGenerator<Uint8Array, void> {
  const { name, stats } = entry;
  const kind = kindOf(stats);
  if (!kind) return;
  const size = kind === "file" ? stats.size : 0;
  const link = kind === "symlink" ? await readlink(path) : undefined;
  const owner = options.archive ? { uid: stats.uid, gid: stats.gid } : {};
  yield encodeTarHeader({
    path: name,
    kind,
    mode: stats.mode & 0o7777,
    mtime: stats.mtimeMs / 1000,
    size,
    link,
    ...owner,
  });
  if (size > 0) yield* body(path, size, options);
  if (kind !== "directory") return;
  for (const child of (await readdir(path)).sort()) {
    const full = join(path, child);
    yield* pieces(
      full,
      { name: name === "." ? child : `${name}/${child}`, stats: await lstat(full) },
      options,
    );
  }
}

async function* body(path: string, size: number, { counter }: PackOptions): AsyncGenerator<Uint8Array, void> {
  let left = size;
  for await (const piece of readPieces(path)) {
    const wanted = piece.subarray(0, left);
    left -= wanted.length;
    counter.bytes += wanted.length;
    yield wanted;
    if (left === 0) break;
  }
  if (left > 0) throw new Error(`${basename(path)} became shorter while it was copied`);
  yield tarPadding(size);
}

function kindOf(stats: Stats): TarEntry["kind"] | undefined {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "directory";
  if (stats.isSymbolicLink()) return "symlink";
  // Devices and sockets have no meaning elsewhere.
  return stats.isFIFO() ? "fifo" : undefined;
}
