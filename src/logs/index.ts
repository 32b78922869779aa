export type { FollowFrom, LogQuery } from "./types.ts";
