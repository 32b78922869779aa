export { type JsonFollow, readJsonLog } from "./json/read.ts";
export { readLog } from "./local/read.ts";
export type { FollowFrom, LiveOutput, LogQuery } from "./types.ts";
