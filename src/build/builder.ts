import { availableParallelism } from "node:os";
import { join } from "node:path";
import { KeyedMutex } from "../base/index.ts";
import { chainIDs } from "../oci/index.ts";
import { removeTree } from "../sys/index.ts";
import { openBuildCache } from "./cache/index.ts";
import { keyPrefix } from "./ops/index.ts";
import type { BuilderOptions } from "./options.ts";
import { runBuild } from "./run-build.ts";
import type { Builder } from "./types.ts";

/** A builder on these services. Nothing is touched before the first call. */
export function createBuilder(options: BuilderOptions): Builder {
  const { records, snapshots, images, runDirectory } = options;
  const cache = openBuildCache(records, snapshots);
  const shared = {
    ...options,
    cache,
    bundles: join(runDirectory, "build"),
    stepLocks: new KeyedMutex(),
    cacheLocks: new KeyedMutex(),
    parallelism: options.parallelism ?? availableParallelism(),
  };
  return {
    build: (request, report) => runBuild(shared, request, report),
    roots: cache.roots,
    cached: cache.list,
    forgetCached: cache.remove,
    async prune({ all, before }) {
      const used = new Set(images.list().flatMap(({ config }) => chainIDs(config.rootfs.diff_ids)));
      const { keys, layers } = cache.forget((chainID) => !all && used.has(chainID), before);
      const freed = layers.filter(({ chainID }) => !used.has(chainID));
      if (all && before === undefined) await removeTree(options.cacheDirectory);
      return { caches: keys, bytes: freed.reduce((sum, { bytes }) => sum + bytes, 0) };
    },
    async recover() {
      for (const { key } of await snapshots.listActive()) {
        if (key.startsWith(keyPrefix)) await snapshots.remove(key);
      }
    },
  };
}
