import type { KeyedMutex } from "../base/index.ts";
import type { ImageLease } from "../image/index.ts";
import type { BuildCache, MadeLayer } from "./cache/index.ts";
import type { Op, Tree } from "./ops/index.ts";

/** A finished vertex. */
export interface Outcome {
  readonly tree: Tree;
  /** Nothing had to be done for it. */
  readonly cached: boolean;
}

export interface ExecuteOptions {
  readonly input: Tree;
  readonly noCache: boolean;
  readonly report: (text: string) => void;
  readonly signal: AbortSignal;
  /** Keeps what the build stands on from being collected. */
  readonly lease: ImageLease;
}

/**
 * The result of an op: from the cache, or by doing it. The same op asked for by two builds is done once, the second
 * one finds it in the cache.
 */
export async function execute(
  cache: BuildCache,
  locks: KeyedMutex,
  op: Op,
  options: ExecuteOptions,
): Promise<Outcome> {
  const { input, noCache, report, signal, lease } = options;
  const parent = input.chainID;
  const finish = (made: MadeLayer | undefined, cached: boolean): Outcome => {
    if (!made) return { tree: input, cached };
    lease.protect(made.chainID);
    lease.protect(made.layer.descriptor.digest);
    return { tree: { chainID: made.chainID, layers: [...input.layers, made.layer] }, cached };
  };
  const lookup = async (key: string) => (noCache ? undefined : await cache.findLayer(key, parent));
  const early = op.fastKey === undefined ? undefined : await lookup(op.fastKey);
  if (early) return finish(early.made, true);
  const key = await op.key(signal);
  return await locks.run(key, async () => {
    signal.throwIfAborted();
    const known = await lookup(key);
    const made = known ? known.made : await op.run(report, signal);
    const outcome = finish(made, known !== undefined);
    if (!known) await cache.putLayer(key, parent, made);
    if (op.fastKey !== undefined) await cache.putLayer(op.fastKey, parent, made);
    return outcome;
  });
}
