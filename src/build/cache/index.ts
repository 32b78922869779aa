export { type BuildCache, cacheKey, type MadeLayer, openBuildCache } from "./cache.ts";
export type { CacheRoots } from "./types.ts";
