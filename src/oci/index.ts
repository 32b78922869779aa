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
