export { openContentStore } from "./store.ts";
export type { ContentStore, Expected } from "./types.ts";
