import { createIgnoreMatcher } from "../../base/index.ts";
import type { CopyVertex } from "../dockerfile/index.ts";
import { changeMode, type Found, joinPath, type SourceTree, type TreeFile } from "../tree/index.ts";
import { stillTime } from "./still-time.ts";

/** How copied files are changed on their way. */
export interface CopyRules {
  /** Undefined: they keep their owners. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly chmod: string | undefined;
}

/** One source of a copy: what was found, and the name under which it arrives when it is no directory. */
export interface CopyItem {
  readonly found: Found;
  readonly tree: SourceTree;
}

/** The files of one item as they were found, named as they arrive below the destination. */
export async function* itemFiles(
  item: CopyItem,
  exclude: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<TreeFile> {
  const { found, tree } = item;
  const matcher = exclude.length > 0 ? createIgnoreMatcher(exclude) : undefined;
  for await (const file of tree.walk(found.path, signal)) {
    const path = found.type === "directory" ? file.path : found.name;
    if (path !== "" && matcher?.excluded(path)) continue;
    yield { ...file, path };
  }
}

/** A file with owner and permissions as the instruction wants them. */
export function withRules(file: TreeFile, rules: CopyRules): TreeFile {
  const mode =
    rules.chmod === undefined || file.type === "symlink"
      ? file.mode
      : changeMode(rules.chmod, file.mode, file.type === "directory");
  return { ...file, mode, ...(rules.owner ?? {}) };
}

/** Files whose content stands in the Dockerfile. */
export function inlineFiles(vertex: Pick<CopyVertex, "inline">): TreeFile[] {
  return vertex.inline.map(({ name, content }) => {
    const bytes = new TextEncoder().encode(content);
    return {
      path: name,
      type: "file",
      mode: 0o644,
      uid: 0,
      gid: 0,
      size: bytes.length,
      modified: stillTime,
      async *content() {
        yield bytes;
      },
    };
  });
}

/** Where files arrive: the directory or the one file that the destination names. */
export interface Arrival {
  /** Without leading slash; empty for the root. */
  readonly path: string;
  readonly isDirectory: boolean;
  /** Directories to be made first, outermost first; the destination directory itself may be the last. */
  readonly missing: readonly string[];
  /** The destination directory is there already: its own metadata stays. */
  readonly exists: boolean;
}

/** Names files as they stand in the tree, and puts the directories that are missing before the first of them. */
export async function* arrive(
  files: AsyncIterable<TreeFile>,
  arrival: Arrival,
  rules: CopyRules,
): AsyncGenerator<TreeFile> {
  let first = true;
  for await (const file of files) {
    if (first) yield* missingDirectories(arrival, rules, file);
    first = false;
    if (file.path !== "") yield arrived(file, arrival, rules);
  }
  if (first) yield* missingDirectories(arrival, rules, undefined);
}

/** A destination that is made for a directory takes over that directory's own metadata. */
function missingDirectories(arrival: Arrival, rules: CopyRules, first: TreeFile | undefined): TreeFile[] {
  return arrival.missing.map((path) =>
    first?.path === "" && path === arrival.path
      ? withRules({ ...first, path }, rules)
      : parentDirectory(path, first?.modified ?? stillTime, rules),
  );
}

function arrived(file: TreeFile, arrival: Arrival, rules: CopyRules): TreeFile {
  const name = (path: string) => (arrival.isDirectory ? joinPath(arrival.path, path) : arrival.path);
  const target = file.type === "link" && file.target !== undefined ? { target: name(file.target) } : {};
  return withRules({ ...file, path: name(file.path), ...target }, rules);
}

function parentDirectory(path: string, modified: bigint, rules: CopyRules): TreeFile {
  return {
    path,
    type: "directory",
    mode: 0o755,
    uid: rules.owner?.uid ?? 0,
    gid: rules.owner?.gid ?? 0,
    size: 0,
    modified,
    async *content() {},
  };
}
