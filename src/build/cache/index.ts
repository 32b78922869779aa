export { type BuildCache, type CachedLayer, cacheKey, type MadeLayer, openBuildCache } from "./cache.ts";
export type { CacheRoots } from "./types.ts";
