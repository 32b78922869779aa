import type { Digest } from "../base/index.ts";
import type { Collection, Records } from "../records/index.ts";

/** How long a use may be forgotten by a kill. */
const delay = 10_000;

/**
 * When images were last used. Noting one costs nothing: names are looked up and times written some seconds later,
 * together; a killed engine forgets the last of them.
 */
export class ImageUses implements Disposable {
  readonly #records: Collection<{ readonly at: number }>;
  readonly #find: (reference: string) => Digest | undefined;
  readonly #noted = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(records: Records, find: (reference: string) => Digest | undefined) {
    this.#records = records.collection("image-uses");
    this.#find = find;
  }

  /** An image, by name or ID, is being used. */
  note(reference: string): void {
    this.#noted.set(reference, Date.now());
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = setTimeout(() => this.flush(), delay);
    this.#timer.unref();
  }

  /** Milliseconds since the epoch; undefined when it was not used since it came. */
  lastUsed(id: Digest): number | undefined {
    return this.#records.find(id)?.at;
  }

  /** Writes what was noted, and forgets images that are gone. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [reference, at] of this.#noted) {
      const id = this.#find(reference);
      if (id !== undefined) this.#records.put(id, { at });
    }
    this.#noted.clear();
  }

  forget(id: Digest): void {
    this.#records.remove(id);
  }

  [Symbol.dispose](): void {
    this.flush();
    this.#closed = true;
  }
}
