export type EntryType = "file" | "directory" | "symlink" | "link" | "fifo" | "character" | "block";

/** One file of a tree that is copied. */
export interface TreeEntry {
  /** Relative to what was walked; empty for that itself. */
  readonly path: string;
  readonly type: EntryType;
  /** Permission bits, set-id and sticky bits included. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content; 0 for all but files. */
  readonly size: number;
  /** Nanoseconds since the epoch. */
  readonly modified: bigint;
  /** Target of a symbolic link; for a hard link the path of its first name, relative like `path`. */
  readonly target?: string;
  readonly device?: { readonly major: number; readonly minor: number };
  /** Extended attributes, as PAX records. */
  readonly records?: ReadonlyMap<string, Uint8Array>;
}

export interface TreeFile extends TreeEntry {
  /** Names this file as long as the build lasts, where it has a name: what was learnt of it may be kept. */
  readonly identity?: string;
  /** Reads the content once; only before the walk goes on. */
  content(): AsyncIterable<Uint8Array>;
}

/** What a source of a COPY turned out to be. */
export interface Found {
  /** From the root of the tree, without leading slash, links resolved; empty for the root. */
  readonly path: string;
  /** The last name as the source was written or matched. */
  readonly name: string;
  readonly type: "file" | "directory" | "other";
}

/** Files to copy from: the build context or the tree of a stage or image. */
export interface SourceTree {
  /**
   * What a path or a pattern names, links followed inside the tree only, `..` clamped at its root; sorted. Empty
   * when nothing is there.
   */
  find(source: string): Promise<readonly Found[]>;
  /** The file or tree at a found path, each directory before its content, names sorted. Links stay links. */
  walk(path: string, signal?: AbortSignal): AsyncIterable<TreeFile>;
}

/** A tree without anything in it. */
export const emptySource: SourceTree = {
  find: async () => [],
  async *walk() {},
};
