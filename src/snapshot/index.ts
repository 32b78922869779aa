export { openCopySnapshotter } from "./copy.ts";
export { releaseLimits } from "./layer-limits.ts";
export { type LookBefore, removeMountStubs } from "./mount-stubs.ts";
export { openOverlaySnapshotter } from "./overlay.ts";
export { readTreeFile } from "./read-tree-file.ts";
export type { ChainID, PrepareOptions, Snapshotter, SnapshotUsage } from "./types.ts";
export { isWhiteout } from "./whiteout.ts";
