import type { TreeEntry } from "../layer/index.ts";
import type { Row } from "./merge.ts";

/** An entry and the layer that it comes from. */
export interface Placed {
  readonly layer: number;
  readonly entry: TreeEntry;
}

/** What one layer does at one path. */
export interface Step {
  readonly layer: number;
  readonly before: Placed | undefined;
  /** Undefined: it is gone. */
  readonly after: Placed | undefined;
}

/**
 * What happens at a path from the lowest layer to the highest. `barriers` are the layers that hide, from above, what
 * lies below them.
 */
export function historyOf(row: Row, barriers: readonly number[]): readonly Step[] {
  const steps: Step[] = [];
  let state: Placed | undefined;
  for (const [layer, entry] of row.entries.entries()) {
    const before = state;
    const kept = barriers.includes(layer) ? undefined : before;
    if (entry === undefined) state = kept;
    else state = entry.kind === "deletion" ? undefined : { layer, entry };
    if (state !== before) steps.push({ layer, before, after: state });
  }
  return steps;
}

/** The last state of a path when these layers lie upon each other, lowest first; undefined when there is nothing. */
export function visibleIn(
  row: Row,
  barriers: readonly number[],
  layers: readonly number[],
): Placed | undefined {
  let state: Placed | undefined;
  for (const layer of layers) {
    const entry = row.entries[layer];
    if (barriers.includes(layer)) state = undefined;
    if (entry) state = entry.kind === "deletion" ? undefined : { layer, entry };
  }
  return state;
}

export type Change = "added" | "changed" | "deleted";

/**
 * What a step amounts to; undefined for a directory that was copied up only because something in it changed.
 * `metadata`: the content stayed as it was.
 */
export function changeOf({ before, after }: Step): { change: Change; metadata: boolean } | undefined {
  if (!before) return after ? { change: "added", metadata: false } : undefined;
  if (!after) return { change: "deleted", metadata: false };
  const [old, now] = [before.entry, after.entry];
  const sameOwner = old.mode === now.mode && old.uid === now.uid && old.gid === now.gid;
  if (old.kind === "directory" && now.kind === "directory") {
    if (now.opaque) return { change: "changed", metadata: false };
    return sameOwner ? undefined : { change: "changed", metadata: true };
  }
  const sameContent =
    old.kind === now.kind &&
    old.size === now.size &&
    old.modified === now.modified &&
    old.target === now.target;
  return { change: "changed", metadata: sameContent };
}
