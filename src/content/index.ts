export type { ContentStore, Expected } from "./types.ts";
