export type { ChainID, Snapshotter, SnapshotUsage } from "./types.ts";
