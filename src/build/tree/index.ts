export { digestFiles, type KnownContents } from "./digest.ts";
export { clamp, directoryTree, joinPath } from "./directory-tree.ts";
export { changeMode } from "./mode.ts";
export { lookTree, packedTree, statTree, type TreeStat } from "./packed-tree.ts";
export { resolveBeneath } from "./resolve.ts";
export { readTar } from "./tar-read.ts";
export { writeTar } from "./tar-write.ts";
export {
  type EntryType,
  emptySource,
  type Found,
  type SourceTree,
  type TreeEntry,
  type TreeFile,
} from "./types.ts";
