export { readLog } from "./read.ts";
export type { FollowFrom, LogQuery } from "./types.ts";
