import type { TreeEntry } from "../layer/index.ts";
import type { Placed } from "./history.ts";

/** A path of which hidden copies lie in the image. */
export interface Waster {
  /** Bytes of the name, as characters. */
  readonly path: string;
  /** Bytes of the hidden copies together. */
  readonly bytes: number;
  readonly copies: number;
}

/** Adds up files that a later layer hides. A file of several names is hidden with the last of them. */
export class Waste {
  readonly #byLayer = new Map<number, { bytes: number; files: number }>();
  readonly #linked = new Map<string, number>();
  #top: Waster[] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** The copies of one path that are hidden. */
  add(path: string, hidden: readonly Placed[]): void {
    let bytes = 0;
    let copies = 0;
    for (const { layer, entry } of hidden) {
      if (entry.kind === "directory" || !this.#isLast(layer, entry)) continue;
      const sum = this.#byLayer.get(layer) ?? { bytes: 0, files: 0 };
      this.#byLayer.set(layer, { bytes: sum.bytes + entry.size, files: sum.files + 1 });
      bytes += entry.size;
      copies += 1;
    }
    if (bytes > 0) this.#remember({ path, bytes, copies });
  }

  of(layer: number): { readonly bytes: number; readonly files: number } {
    return this.#byLayer.get(layer) ?? { bytes: 0, files: 0 };
  }

  /** The paths that waste most, the worst first. */
  top(): readonly Waster[] {
    return sorted(this.#top).slice(0, this.#most);
  }

  #isLast(layer: number, { links, inode }: TreeEntry): boolean {
    if (links < 2) return true;
    const key = `${layer}:${inode}`;
    const hidden = (this.#linked.get(key) ?? 0) + 1;
    this.#linked.set(key, hidden);
    return hidden === links;
  }

  #remember(waster: Waster): void {
    this.#top.push(waster);
    if (this.#top.length > this.#most * 8) this.#top = sorted(this.#top).slice(0, this.#most);
  }
}

function sorted(wasters: readonly Waster[]): Waster[] {
  return [...wasters].sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1));
}
