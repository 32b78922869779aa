import type { TreeEntry } from "../layer/index.ts";
import { Barriers } from "./barriers.ts";
import { type Change, type Placed, visibleIn } from "./history.ts";
import { type Inventory, mergeTrees } from "./merge.ts";

/** The layers of two stacks: those at the bottom that are the same, then those of each. */
export interface TwoStacks {
  readonly shared: readonly Inventory[];
  readonly older: readonly Inventory[];
  readonly newer: readonly Inventory[];
}

/** A path at which two trees differ. Layers are numbered through: shared, older, newer. */
export interface Difference {
  readonly path: string;
  readonly change: Change;
  readonly before: Placed | undefined;
  readonly after: Placed | undefined;
  /** Same kind, size and owner but another time: whether the content differs is for the caller to see. */
  readonly unsure: boolean;
}

/** All paths at which the trees differ, in order. Times alone make no difference. */
export async function compareStacks(
  stacks: TwoStacks,
  wanted: (path: string) => boolean,
): Promise<readonly Difference[]> {
  const { shared, older, newer } = stacks;
  const numbers = [...shared, ...older, ...newer].map((_, number) => number);
  const below = numbers.slice(0, shared.length);
  const olderLayers = [...below, ...numbers.slice(shared.length, shared.length + older.length)];
  const newerLayers = [...below, ...numbers.slice(shared.length + older.length)];
  const barriers = new Barriers();
  const found: Difference[] = [];
  await mergeTrees([...shared, ...older, ...newer], (row) => {
    const hides = barriers.at(row);
    if (!wanted(row.path)) return;
    const before = visibleIn(row, hides, olderLayers);
    const after = visibleIn(row, hides, newerLayers);
    const difference = differenceOf(before, after);
    if (difference) found.push({ path: row.path, before, after, ...difference });
  });
  return found;
}

function differenceOf(
  before: Placed | undefined,
  after: Placed | undefined,
): { change: Change; unsure: boolean } | undefined {
  if (!before) return after ? { change: "added", unsure: false } : undefined;
  if (!after) return { change: "deleted", unsure: false };
  const [old, now] = [before.entry, after.entry];
  if (old === now) return undefined;
  if (!sameShape(old, now)) return { change: "changed", unsure: false };
  if (old.kind !== "file" || old.modified === now.modified) return undefined;
  return { change: "changed", unsure: true };
}

function sameShape(old: TreeEntry, now: TreeEntry): boolean {
  const same = old.kind === now.kind && old.mode === now.mode && old.uid === now.uid && old.gid === now.gid;
  if (!same || old.kind === "directory") return same;
  return old.size === now.size && old.target === now.target;
}
