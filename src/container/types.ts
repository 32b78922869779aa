import type { Digest } from "../base/index.ts";
import type { ContainerConfig, EndpointSettings, HostConfig } from "../wire/index.ts";
import type { Extensions } from "./extensions.ts";
import type { State } from "./state.ts";

/** Where a file system of a container comes from, as decided at create. */
export interface MountRecord {
  readonly type: "bind" | "volume" | "tmpfs" | "image";
  /** Volume name; volumes only. */
  readonly name?: string;
  /** Host path; of an image its name; empty for tmpfs. */
  readonly source: string;
  readonly destination: string;
  /** The mode words as the user gave them: `ro`, `z`, `rw,rslave`. */
  readonly mode: string;
  readonly writable: boolean;
  /** Of binds: `rprivate`, `rslave`, …; empty: the default. */
  readonly propagation: string;
  /** Do not copy the image's content into an empty volume. */
  readonly noCopy?: boolean;
  /** A bind source that is missing at a start is made as a directory. */
  readonly createSource?: boolean;
  /** Bind without the mounts below the source. */
  readonly nonRecursive?: boolean;
  /** Read-only for the source alone, not for mounts below it. */
  readonly shallowReadOnly?: boolean;
  /** Path inside the volume or image. */
  readonly subpath?: string;
  /** Of images: the ID, and the key of the snapshot that is mounted. */
  readonly image?: { readonly id: Digest; readonly snapshot: string };
  /** mount(8) words of a tmpfs. */
  readonly options?: readonly string[];
}

/** The durable record of a container; `config` and `hostConfig` keep the API's shapes so that inspect round-trips. */
export interface ContainerRecord {
  readonly version: 1;
  readonly id: string;
  /** Without the leading slash. */
  readonly name: string;
  readonly created: string;
  /** Image ID. */
  readonly image: Digest;
  readonly chainID: Digest | undefined;
  /** Merged with the image's defaults. */
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  /** What was asked of each network, by the network's name or ID. */
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  readonly mounts: readonly MountRecord[];
  /** What was asked beyond Docker's words. */
  readonly extensions?: Extensions;
  readonly state: State;
  /** Limits are being changed from these; live processes may still have them. */
  readonly updatingFrom?: HostConfig;
}

/** A fact for the event stream. Facts announce; they never make the next step happen. */
export interface Fact {
  readonly type: "container" | "image" | "network" | "volume" | "daemon" | "builder";
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export type Announce = (fact: Fact) => void;

/** Windows of a terminal, in characters. */
export interface Size {
  readonly height: number;
  readonly width: number;
}
