import type { KeyedMutex, Logger } from "../base/index.ts";
import type { ImageService } from "../image/index.ts";
import type { LayerTools } from "../layer/index.ts";
import type { NetworkService } from "../network/index.ts";
import type { Records } from "../records/index.ts";
import type { HostAbilities, Runtime } from "../runtime/index.ts";
import type { Snapshotter } from "../snapshot/index.ts";
import type { BuildCache } from "./cache/index.ts";

/** What a builder works with. */
export interface BuilderOptions {
  readonly images: ImageService;
  readonly snapshots: Snapshotter;
  readonly layers: LayerTools;
  readonly runtime: Pick<Runtime, "create">;
  readonly network: Pick<NetworkService, "get" | "openSandbox" | "closeSandbox">;
  readonly records: Records;
  readonly abilities: HostAbilities;
  /** For contexts and the files of running steps; emptied by the engine when it starts. */
  readonly temporaryDirectory: string;
  /** Bundles of steps lie in `build/` below it. */
  readonly runDirectory: string;
  /** Cache mounts live here and outlast builds. */
  readonly cacheDirectory: string;
  readonly cgroupParent: string;
  readonly log: Logger;
  /** How many steps of a build run at a time; default: one a processor. */
  readonly parallelism?: number;
}

/** The builder's options and what all its builds share. */
export interface BuildShared extends BuilderOptions {
  readonly cache: BuildCache;
  readonly bundles: string;
  readonly stepLocks: KeyedMutex;
  readonly cacheLocks: KeyedMutex;
  readonly parallelism: number;
}
