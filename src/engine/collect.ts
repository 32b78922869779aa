import type { Digest } from "../base/index.ts";
import type { ContainerStore } from "../container/index.ts";
import type { ImageService } from "../image/index.ts";

/** Something beside images and containers that holds on to content: the builder's cache, pushed indexes. */
export interface Holder {
  roots(): { readonly chainIDs: ReadonlySet<Digest>; readonly digests: ReadonlySet<Digest> };
}

/**
 * Removes blobs and layers that no image, no container and no build step stands on. One collection at a time;
 * calls that come meanwhile share the next one.
 */
export function createCollector(needs: {
  images: Pick<ImageService, "collect">;
  store: Pick<ContainerStore, "list">;
  holders: readonly Holder[];
}): () => Promise<{ bytes: number }> {
  let running: Promise<{ bytes: number }> | undefined;
  let next: Promise<{ bytes: number }> | undefined;
  const collect = async (): Promise<{ bytes: number }> => {
    const held = needs.holders.map((holder) => holder.roots());
    const used = needs.store.list().flatMap((record) => (record.chainID ? [record.chainID] : []));
    return await needs.images.collect({
      chainIDs: new Set([...held.flatMap(({ chainIDs }) => [...chainIDs]), ...used]),
      digests: new Set(held.flatMap(({ digests }) => [...digests])),
    });
  };
  const begin = (): Promise<{ bytes: number }> => {
    running = collect().finally(() => {
      running = undefined;
    });
    return running;
  };
  return () => {
    if (!running) return begin();
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined;
        return begin();
      });
    return next;
  };
}
