import type { Row } from "./merge.ts";

const none: readonly number[] = [];

/**
 * Follows a walk over stacked layers and knows, for each path, which layers hide what lies below them there, because
 * they have deleted, replaced or made opaque a directory above the path.
 */
export class Barriers {
  readonly #above: { readonly prefix: string; readonly layers: readonly number[] }[] = [];

  /** Numbers of the layers that hide those below them at this path, rising. To be called for each row, in order. */
  at({ path, entries }: Row): readonly number[] {
    let last = this.#above.at(-1);
    while (last && !path.startsWith(last.prefix)) {
      this.#above.pop();
      last = this.#above.at(-1);
    }
    const inherited = last?.layers ?? none;
    const own = entries.flatMap((entry, layer) =>
      entry && (entry.kind !== "directory" || entry.opaque) ? [layer] : [],
    );
    if (own.length > 0) {
      const layers = [...new Set([...inherited, ...own])].sort((a, b) => a - b);
      this.#above.push({ prefix: `${path}/`, layers });
    }
    return inherited;
  }
}
