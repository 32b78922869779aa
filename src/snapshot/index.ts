export { openCopySnapshotter } from "./copy.ts";
export { openOverlaySnapshotter } from "./overlay.ts";
export { readTreeFile } from "./read-tree-file.ts";
export type { ChainID, Snapshotter, SnapshotUsage } from "./types.ts";
