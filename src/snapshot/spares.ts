import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";

/**
 * Empty snapshots made ahead of time. Making an inode takes up to a millisecond on a large disk, and a container's
 * start would wait for four of them.
 */
export class Spares {
  readonly #directory: string;
  readonly #wanted: number;
  readonly #make: (path: string) => Promise<void>;
  readonly #ready: string[] = [];
  #refilling = false;

  /** Keeps `wanted` spares in `directory`, made by `make`; from the first `take` on. */
  constructor(options: { directory: string; wanted: number; make: (path: string) => Promise<void> }) {
    this.#directory = options.directory;
    this.#wanted = options.wanted;
    this.#make = options.make;
  }

  /** The path of a spare that now belongs to the caller; made here when none is ready. */
  async take(): Promise<string> {
    const path = this.#ready.pop() ?? (await this.#makeOne());
    void this.#refill();
    return path;
  }

  /** Forgets the spares, whose directory is about to be emptied. */
  clear(): void {
    this.#ready.length = 0;
  }

  async #refill(): Promise<void> {
    if (this.#refilling) return;
    this.#refilling = true;
    try {
      while (this.#ready.length < this.#wanted) this.#ready.push(await this.#makeOne());
    } catch {
      // On a full disk, say. The next one who needs a snapshot makes it and gets the error.
    } finally {
      this.#refilling = false;
    }
  }

  async #makeOne(): Promise<string> {
    const path = join(this.#directory, randomBytes(8).toString("hex"));
    try {
      await this.#make(path);
      return path;
    } catch (error) {
      await rm(path, { recursive: true, force: true });
      throw error;
    }
  }
}
