export { openRecords } from "./open.ts";
export type { Collection, Migration, Records } from "./types.ts";
