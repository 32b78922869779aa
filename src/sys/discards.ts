import { removeTree } from "./remove-tree.ts";

/** Deletions that may be behind before those who ask for more have to wait. */
const most = 32;

/**
 * Deletes trees that were moved out of sight, behind the backs of those who want them gone. What a kill leaves of them
 * is for whoever moved them to find at the next start.
 */
export class Discards {
  readonly #pending = new Set<Promise<void>>();
  readonly #failed: (path: string, error: unknown) => void;

  /** `failed` is told of what could not be deleted. */
  constructor(failed: (path: string, error: unknown) => void) {
    this.#failed = failed;
  }

  /** Begins to delete a tree; resolves at once, or when fewer deletions are behind. */
  async take(path: string): Promise<void> {
    const deleted = removeTree(path)
      .catch((error: unknown) => this.#failed(path, error))
      .finally(() => this.#pending.delete(deleted));
    this.#pending.add(deleted);
    while (this.#pending.size > most) await Promise.race(this.#pending);
  }

  /** Resolves when everything taken so far is deleted, or told of as what could not be. */
  async drain(): Promise<void> {
    await Promise.all(this.#pending);
  }
}
