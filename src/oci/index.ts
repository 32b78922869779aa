export { chainID, chainIDs } from "./chain.ts";
export { parseImageConfig, parseIndex, parseManifest, parseManifestOrIndex } from "./parse.ts";
export {
  choosePlatform,
  formatPlatform,
  hostPlatform,
  matchPlatform,
  normalizePlatform,
  parsePlatform,
} from "./platform.ts";
export {
  familiarName,
  familiarRepository,
  formatReference,
  parseAnyReference,
  parseReference,
  pinnedReference,
  type Reference,
  type ReferenceParts,
  repositoryOf,
  splitReference,
  withDefaultTag,
} from "./reference.ts";
export { matchReference } from "./reference-match.ts";
export type { LinuxResources, LinuxSpec, ProcessSpec, RuntimeSpec, SpecMount } from "./runtime-spec.ts";
export {
  type Descriptor,
  type Healthcheck,
  type HistoryEntry,
  type ImageConfig,
  type ImageRunConfig,
  type Index,
  type Manifest,
  type Mount,
  mediaTypes,
  type Platform,
} from "./types.ts";
