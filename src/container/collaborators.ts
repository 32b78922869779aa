import { join } from "node:path";
import type { Logger, Step } from "../base/index.ts";
import type { ImageService } from "../image/index.ts";
import type { LayerTools } from "../layer/index.ts";
import type { NetworkService } from "../network/index.ts";
import type { HostAbilities, Runtime } from "../runtime/index.ts";
import type { Snapshotter } from "../snapshot/index.ts";
import type { Discards } from "../sys/index.ts";
import type { VolumeService } from "../volume/index.ts";
import type { LogDefaults } from "./log-config.ts";
import type { ContainerStore } from "./store.ts";
import type { Announce } from "./types.ts";

/** Where an engine keeps what belongs to containers. */
export interface ContainerPaths {
  /** `containers/` below the root. */
  readonly containers: string;
  /** `tasks/` below the run directory. */
  readonly tasks: string;
}

/** Everything the verbs on containers work with. Each verb picks the few it uses. */
export interface Collaborators {
  readonly store: ContainerStore;
  readonly images: Pick<ImageService, "get" | "find" | "put" | "commitLayer">;
  readonly snapshots: Snapshotter;
  readonly layers: LayerTools;
  readonly volumes: VolumeService;
  readonly network: NetworkService;
  readonly runtime: Runtime;
  readonly abilities: HostAbilities;
  readonly announce: Announce;
  readonly log: Logger;
  readonly paths: ContainerPaths;
  /** Cgroup below which containers lie: `/gantry`. */
  readonly cgroupParent: string;
  /** Marks durable steps, for fault tests. */
  readonly step: Step;
  /** Static program that becomes pid 1 where a container asks for an init. */
  readonly initPath: string;
  readonly logs: LogDefaults;
  /** Deletes what a removed container leaves on the disk. */
  readonly discards: Discards;
}

/** Directory of a container's durable files. */
export function homeOf(paths: ContainerPaths, id: string): string {
  return join(paths.containers, id);
}

/** Directory with a container's log files. */
export function logDirectory(paths: ContainerPaths, id: string): string {
  return join(paths.containers, id, "log");
}

/** Directory of the OCI bundle and of the shim's state. */
export function bundleOf(paths: ContainerPaths, id: string): string {
  return join(paths.tasks, id);
}
