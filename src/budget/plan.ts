/** Something on the disk that several may hold on to: a blob or a layer. */
export interface Piece {
  readonly key: string;
  readonly bytes: number;
}

/** Something that holds on to pieces. */
export interface Holder {
  readonly key: string;
  readonly kind: "image" | "cache" | "other";
  /** Keys of its pieces. */
  readonly holds: readonly string[];
  /** Milliseconds since the epoch. */
  readonly lastUsed: number;
  /** Why it must stay; undefined when it may go. */
  readonly kept: string | undefined;
  /** Has no name: nobody would miss it. */
  readonly dangling: boolean;
}

export interface Eviction {
  readonly key: string;
  readonly kind: "image" | "cache";
  /** What it frees, those before it being gone. */
  readonly bytes: number;
}

export interface EvictionPlan {
  readonly evictions: readonly Eviction[];
  /** Bytes in all pieces, before and after. */
  readonly before: number;
  readonly after: number;
}

/**
 * What to evict so that all pieces fit into `budget`: images without a name first, then whatever was not used for
 * longest; of two that were used last at the same moment, the one that frees more. What would free less than `least`
 * bytes stays: an image whose layers others have too is worth more than its manifest.
 */
export function planEvictions(
  pieces: readonly Piece[],
  holders: readonly Holder[],
  { budget, least = 1 }: { readonly budget: number; readonly least?: number },
): EvictionPlan {
  const sizes = new Map(pieces.map(({ key, bytes }) => [key, bytes]));
  const before = pieces.reduce((sum, { bytes }) => sum + bytes, 0);
  const counts = new Map<string, number>();
  for (const { holds } of holders)
    for (const key of new Set(holds)) counts.set(key, (counts.get(key) ?? 0) + 1);
  const frees = ({ holds }: Holder): number =>
    [...new Set(holds)].reduce((sum, key) => sum + (counts.get(key) === 1 ? (sizes.get(key) ?? 0) : 0), 0);
  const waiting = holders.filter(({ kept }) => kept === undefined).sort(byWorth(frees));
  const evictions: Eviction[] = [];
  let after = before;
  while (after > budget) {
    const at = waiting.findIndex((holder) => frees(holder) >= least);
    const [next] = at < 0 ? [] : waiting.splice(at, 1);
    if (next === undefined) break;
    const bytes = frees(next);
    for (const key of new Set(next.holds)) counts.set(key, (counts.get(key) ?? 1) - 1);
    after -= bytes;
    if (next.kind !== "other") evictions.push({ key: next.key, kind: next.kind, bytes });
  }
  return { evictions, before, after };
}

function byWorth(frees: (holder: Holder) => number) {
  return (a: Holder, b: Holder): number =>
    Number(b.dangling) - Number(a.dangling) || a.lastUsed - b.lastUsed || frees(b) - frees(a);
}
