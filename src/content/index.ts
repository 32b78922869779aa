export { openContentStore } from "./store.ts";
export type { Arrival, BlobSource, ContentStore, Expected, FetchOptions, Known } from "./types.ts";
