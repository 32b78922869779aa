import { createPathMatcher, isKind } from "../../base/index.ts";
import type { LayerTools } from "../../layer/index.ts";
import type { Mount } from "../../oci/index.ts";
import { clamp, isPattern, joinPath } from "./directory-tree.ts";
import { readTar } from "./tar-read.ts";
import type { EntryType, Found, SourceTree, TreeEntry, TreeFile } from "./types.ts";

const mostLinks = 40;

/** A snapshot as a source: read through its mounts by the layer helper, never mounted here. */
export function packedTree(layers: Pick<LayerTools, "pack">, mounts: readonly Mount[]): SourceTree {
  const packed = packedBy(layers, mounts);
  return {
    find: (source) => findAll(packed, source),
    walk: (path, signal) => walkTree(packed, path, signal),
  };
}

/** What is at a path of a tree and where it really lies. */
export interface TreeStat {
  /** `symlink`: a link that leads to nothing. */
  readonly type: EntryType;
  /** Without leading slash; may hold dots and links in front of the last name. */
  readonly path: string;
}

/** Looks a path up in a tree, following links; undefined when nothing is there. */
export async function statTree(
  layers: Pick<LayerTools, "pack">,
  mounts: readonly Mount[],
  path: string,
): Promise<TreeStat | undefined> {
  return await stat(packedBy(layers, mounts), clamp(path).join("/"));
}

/** The entry at a path itself, links not followed; undefined when nothing is there. */
export async function lookTree(
  layers: Pick<LayerTools, "pack">,
  mounts: readonly Mount[],
  path: string,
): Promise<TreeEntry | undefined> {
  return await firstEntry(packedBy(layers, mounts), clamp(path).join("/"));
}

/** What lies at a path and below it, named `top` and `top/…`. */
type Packed = (path: string, signal?: AbortSignal) => AsyncIterable<TreeFile>;

const top = "top";

function packedBy(layers: Pick<LayerTools, "pack">, mounts: readonly Mount[]): Packed {
  return (path, signal) =>
    readTar(layers.pack(mounts, `/${path}`, { name: top, ...(signal ? { signal } : {}) }));
}

async function stat(packed: Packed, start: string): Promise<TreeStat | undefined> {
  let path = start;
  for (let links = 0; links <= mostLinks; links += 1) {
    const entry = await firstEntry(packed, path);
    if (!entry) return links === 0 ? undefined : { type: "symlink", path };
    if (entry.type !== "symlink" || entry.target === undefined) return { type: entry.type, path };
    const parent = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
    path = entry.target.startsWith("/") ? clamp(entry.target).join("/") : joinPath(parent, entry.target);
  }
  return undefined;
}

async function firstEntry(packed: Packed, path: string): Promise<TreeEntry | undefined> {
  try {
    for await (const entry of packed(path)) return entry;
    return undefined;
  } catch (error) {
    if (isKind(error, "not-found")) return undefined;
    throw error;
  }
}

async function findAll(packed: Packed, source: string): Promise<readonly Found[]> {
  let found = [""];
  for (const segment of clamp(source)) {
    const next: string[] = [];
    for (const parent of found) next.push(...(await expandSegment(packed, parent, segment)));
    found = next;
  }
  const all: Found[] = [];
  for (const path of found) {
    const at = await stat(packed, path);
    if (!at || at.type === "symlink") continue;
    const type = at.type === "directory" || at.type === "file" ? at.type : "other";
    all.push({
      path: at.path,
      name: path.slice(path.lastIndexOf("/") + 1),
      type: at.type === "link" ? "file" : type,
    });
  }
  return all;
}

async function expandSegment(packed: Packed, parent: string, segment: string): Promise<string[]> {
  if (!isPattern(segment)) return [joinPath(parent, segment)];
  const matches = createPathMatcher(segment);
  const directory = await stat(packed, parent);
  if (directory?.type !== "directory") return [];
  const names: string[] = [];
  for await (const { path } of walkTree(packed, directory.path)) {
    if (path !== "" && !path.includes("/") && matches(path)) names.push(joinPath(parent, path));
  }
  return names.sort();
}

async function* walkTree(packed: Packed, path: string, signal?: AbortSignal): AsyncGenerator<TreeFile> {
  for await (const file of packed(path, signal)) {
    const target = file.type === "link" && file.target !== undefined ? { target: belowTop(file.target) } : {};
    yield { ...file, path: belowTop(file.path), ...target };
  }
}

function belowTop(name: string): string {
  return name === top ? "" : name.slice(top.length + 1);
}
