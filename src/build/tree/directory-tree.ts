import { type BigIntStats, constants } from "node:fs";
import { lstat, open, readdir, readlink } from "node:fs/promises";
import { createPathMatcher, EngineError } from "../../base/index.ts";
import { resolveBeneath } from "./resolve.ts";
import type { EntryType, Found, SourceTree, TreeFile } from "./types.ts";

/**
 * A directory of this machine as a source: the unpacked build context. Nothing outside `root` is ever opened,
 * whatever links the directory holds; it must not change meanwhile. Everything counts as root's.
 */
export function directoryTree(root: string): SourceTree {
  return {
    find: (source) => findAll(root, source),
    walk: (path, signal) => walkTree(root, path, signal),
  };
}

async function findAll(root: string, source: string): Promise<readonly Found[]> {
  let found = [""];
  for (const segment of clamp(source)) {
    const names = await Promise.all(found.map((parent) => expandSegment(root, parent, segment)));
    found = names.flat();
  }
  const all = await Promise.all(found.map((path) => describe(root, path)));
  return all.flatMap((one) => one ?? []);
}

/** The segments of a source path; `..` never leaves the root. */
export function clamp(source: string): string[] {
  const kept: string[] = [];
  for (const segment of source.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  return kept;
}

/** True for a path segment in which filepath.Match would see more than plain characters. */
export function isPattern(segment: string): boolean {
  return /[*?[\\]/.test(segment);
}

async function expandSegment(root: string, parent: string, segment: string): Promise<string[]> {
  if (!isPattern(segment)) return [joinPath(parent, segment)];
  const matches = createPathMatcher(segment);
  const directory = await resolveBeneath(root, parent);
  if (!directory?.stats.isDirectory()) return [];
  const names = await readdir(joinPath(root, directory.path));
  return names
    .filter(matches)
    .sort()
    .map((name) => joinPath(parent, name));
}

async function describe(root: string, path: string): Promise<Found | undefined> {
  const resolved = await resolveBeneath(root, path);
  if (!resolved) return undefined;
  const { stats } = resolved;
  const type = stats.isDirectory() ? "directory" : stats.isFile() ? "file" : "other";
  return { path: resolved.path, name: path.slice(path.lastIndexOf("/") + 1), type };
}

async function* walkTree(root: string, top: string, signal?: AbortSignal): AsyncGenerator<TreeFile> {
  const base = joinPath(root, top);
  const waiting = [""];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    signal?.throwIfAborted();
    const full = joinPath(base, path);
    const stats = await lstat(full, { bigint: true });
    if (stats.isSocket()) continue;
    yield await treeFile(full, path, stats);
    if (!stats.isDirectory()) continue;
    const names = await readdir(full);
    const parent = path;
    waiting.push(
      ...names
        .sort()
        .reverse()
        .map((name) => joinPath(parent, name)),
    );
  }
}

async function treeFile(full: string, path: string, stats: BigIntStats): Promise<TreeFile> {
  const type = typeOf(stats);
  if (type === undefined) {
    throw new EngineError("invalid", `COPY failed: ${path} is a device and cannot be copied`, {
      subject: path,
    });
  }
  return {
    path,
    type,
    mode: Number(stats.mode) & 0o7777,
    uid: 0,
    gid: 0,
    size: type === "file" ? Number(stats.size) : 0,
    modified: stats.mtimeNs,
    ...(type === "symlink" ? { target: await readlink(full) } : {}),
    identity: full,
    content: () => readFile(full),
  };
}

/** Devices have no place in a build context: 0:0 would even be a deletion in a layer. */
function typeOf(stats: BigIntStats): EntryType | undefined {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "directory";
  if (stats.isSymbolicLink()) return "symlink";
  return stats.isFIFO() ? "fifo" : undefined;
}

async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    for (;;) {
      const buffer = new Uint8Array(256 * 1024);
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** Joins two paths, either of which may be empty. */
export function joinPath(first: string, second: string): string {
  if (first === "" || second === "") return first + second;
  return first.endsWith("/") ? first + second : `${first}/${second}`;
}
