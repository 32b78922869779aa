import type { TreeEntry } from "../layer/index.ts";

/** Trees in the order of `LayerTools.inventory`. */
export type Inventory = AsyncIterable<readonly TreeEntry[]>;

/** One path with what each tree has there. */
export interface Row {
  readonly path: string;
  /** By the number of the tree; undefined where it has no such path. */
  readonly entries: readonly (TreeEntry | undefined)[];
}

/** Reads several trees side by side and visits each path once, in their order. Needs memory for one batch a tree. */
export async function mergeTrees(trees: readonly Inventory[], visit: (row: Row) => void): Promise<void> {
  const cursors = trees.map((tree) => new Cursor(tree));
  try {
    await Promise.all(cursors.map((cursor) => cursor.fill()));
    for (;;) {
      const lowest = lowestKey(cursors);
      if (lowest === undefined) return;
      let path = "";
      const dry: Cursor[] = [];
      const entries = cursors.map((cursor) => {
        if (cursor.key !== lowest) return undefined;
        const entry = cursor.entry;
        path = entry?.path ?? path;
        if (!cursor.advance()) dry.push(cursor);
        return entry;
      });
      visit({ path, entries });
      if (dry.length > 0) await Promise.all(dry.map((cursor) => cursor.fill()));
    }
  } finally {
    await Promise.all(cursors.map((cursor) => cursor.close()));
  }
}

function lowestKey(cursors: readonly Cursor[]): string | undefined {
  let lowest: string | undefined;
  for (const { key } of cursors)
    if (key !== undefined && (lowest === undefined || key < lowest)) lowest = key;
  return lowest;
}

/** Where the reading of one tree stands. */
class Cursor {
  readonly #batches: AsyncIterator<readonly TreeEntry[]>;
  #batch: readonly TreeEntry[] = [];
  #at = 0;
  /** The path as it compares: a directory's content comes right behind it. Undefined at the end. */
  key: string | undefined;

  constructor(tree: Inventory) {
    this.#batches = tree[Symbol.asyncIterator]();
  }

  get entry(): TreeEntry | undefined {
    return this.#batch[this.#at];
  }

  /** False when the next entry has to be waited for, by `fill`. */
  advance(): boolean {
    this.#at += 1;
    this.#setKey();
    return this.#at < this.#batch.length;
  }

  async fill(): Promise<void> {
    const next = await this.#batches.next();
    this.#batch = next.done ? [] : next.value;
    this.#at = 0;
    this.#setKey();
  }

  async close(): Promise<void> {
    await this.#batches.return?.();
  }

  #setKey(): void {
    this.key = this.entry?.path.replaceAll("/", "\0");
  }
}
