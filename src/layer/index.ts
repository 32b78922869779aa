export {
  type CompressedLayer,
  type Compression,
  compressLayer,
  detectCompression,
  peekCompression,
} from "./compression.ts";
export { type Meter, meter } from "./meter.ts";
export { createLayerTools } from "./tools.ts";
export type {
  Applied,
  ApplyOptions,
  ArchiveLimits,
  ArrivingFile,
  EntryKind,
  ExtractOptions,
  LayerTools,
  Over,
  TreeEntry,
  TreeUsage,
  Unpacked,
} from "./types.ts";
