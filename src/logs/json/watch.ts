import { type FSWatcher, watch } from "node:fs";

/** Looks again after this time at the latest: a file system that tells nothing must not stop a reader. */
const patience = 1000;

/** Tells when files whose names begin alike may have changed in a directory. */
export class DirectoryWatch {
  readonly #watcher: FSWatcher | undefined;
  #changed = true;
  #wake: (() => void) | undefined;

  constructor(directory: string, prefix: string) {
    try {
      this.#watcher = watch(directory, (_, name) => {
        if (name === null || String(name).startsWith(prefix)) this.#notice();
      });
      this.#watcher.on("error", () => {});
    } catch {
      // No more watches are to be had: looking once in a while will do.
    }
  }

  /** Resolves after a change that came since the last call, or after a while. */
  async next(): Promise<"changed"> {
    if (!this.#changed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, patience);
      await promise;
      clearTimeout(timer);
    }
    this.#changed = false;
    return "changed";
  }

  close(): void {
    this.#watcher?.close();
    this.#notice();
  }

  #notice(): void {
    this.#changed = true;
    this.#wake?.();
  }
}
