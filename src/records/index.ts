export type { Collection, Records } from "./types.ts";
