import type { Digest } from "../base/index.ts";
import type { ContainerStore } from "../container/index.ts";
import type { ImageService } from "../image/index.ts";

/** What a builder's cache holds on to. */
export interface CacheRoots {
  roots(): { readonly chainIDs: ReadonlySet<Digest>; readonly digests: ReadonlySet<Digest> };
}

/**
 * Removes blobs and layers that no image, no container and no build step stands on. One collection at a time;
 * calls that come meanwhile share the next one.
 */
export function createCollector(needs: {
  images: Pick<ImageService, "collect">;
  store: Pick<ContainerStore, "list">;
  cache: CacheRoots;
}): () => Promise<{ bytes: number }> {
  let running: Promise<{ bytes: number }> | undefined;
  let next: Promise<{ bytes: number }> | undefined;
  const collect = async (): Promise<{ bytes: number }> => {
    const cached = needs.cache.roots();
    const used = needs.store.list().flatMap((record) => (record.chainID ? [record.chainID] : []));
    return await needs.images.collect({
      chainIDs: new Set([...cached.chainIDs, ...used]),
      digests: cached.digests,
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
