export { openCopySnapshotter } from "./copy.ts";
export { type LookBefore, removeMountStubs } from "./mount-stubs.ts";
export { openOverlaySnapshotter } from "./overlay.ts";
export { readTreeFile } from "./read-tree-file.ts";
export type { ChainID, Snapshotter, SnapshotUsage } from "./types.ts";
