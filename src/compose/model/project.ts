import type { ContainerConfig, HostConfig, MountSpec } from "../../wire/index.ts";
import type { Dict } from "./tree.ts";

export type Condition = "service_started" | "service_healthy" | "service_completed_successfully";

/** One service that another needs before it starts. */
export interface Dependency {
  readonly service: string;
  readonly condition: Condition;
  /** Whether the dependent restarts when this one is replaced. */
  readonly restart: boolean;
  readonly required: boolean;
}

export interface BuildSpec {
  /** Absolute directory. */
  readonly context: string;
  /** Seen from the context, or absolute. */
  readonly dockerfile: string;
  readonly inline?: string;
  readonly args: Readonly<Record<string, string | null>>;
  readonly target?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly noCache: boolean;
  readonly pull: boolean;
  readonly network?: string;
  readonly extraHosts: readonly string[];
  readonly shmSize?: number;
}

/** How a service joins a network of the project. */
export interface ServiceNetwork {
  /** Key of the network in the project. */
  readonly network: string;
  readonly aliases: readonly string[];
  readonly ipv4Address?: string;
  readonly ipv6Address?: string;
  readonly linkLocalAddresses: readonly string[];
  readonly macAddress?: string;
  readonly driverOptions: Readonly<Record<string, string>>;
  readonly gatewayPriority?: number;
}

/** A mount of a service; `volume` is the key of a project volume, absent for an anonymous one. */
export type ServiceMount =
  | { readonly kind: "volume"; readonly volume: string | undefined; readonly spec: MountSpec }
  | { readonly kind: "host"; readonly spec: MountSpec };

/** One service, ready to be made into containers. */
export interface Service {
  readonly name: string;
  readonly image?: string;
  readonly build?: BuildSpec;
  readonly pullPolicy?: string;
  readonly platform?: string;
  readonly containerName?: string;
  readonly scale: number;
  readonly dependsOn: readonly Dependency[];
  readonly networks: readonly ServiceNetwork[];
  /** `host`, `none`, `service:x`, `container:x`, …; absent when it joins networks of the project. */
  readonly networkMode?: string;
  readonly mounts: readonly ServiceMount[];
  /** The part of the container's configuration that does not depend on its number or on what else exists. */
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  /** Seconds until a stop becomes a kill. */
  readonly stopTimeout?: number;
  readonly stopSignal?: string;
  readonly update: {
    readonly order: "start-first" | "stop-first";
    readonly parallelism: number;
    /** Milliseconds that a new replica without health check has to run before the next one is replaced. */
    readonly settle: number;
  };
  /** Whether the file asks for a health check; the image may have one too. */
  readonly healthcheck: boolean;
  /** Whether attached `up` shows its output. */
  readonly attach: boolean;
  readonly profiles: readonly string[];
  /** What decides whether a container is still as the file wants it. */
  readonly hash: string;
}

export interface ProjectNetwork {
  readonly key: string;
  readonly name: string;
  readonly external: boolean;
  readonly driver?: string;
  readonly driverOptions: Readonly<Record<string, string>>;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly enableIpv4?: boolean;
  readonly enableIpv6?: boolean;
  readonly ipam: {
    readonly driver?: string;
    readonly pools: readonly {
      readonly subnet?: string;
      readonly range?: string;
      readonly gateway?: string;
      readonly reserved: Readonly<Record<string, string>>;
    }[];
    readonly options: Readonly<Record<string, string>>;
  };
  readonly labels: Readonly<Record<string, string>>;
  readonly hash: string;
}

export interface ProjectVolume {
  readonly key: string;
  readonly name: string;
  readonly external: boolean;
  readonly driver?: string;
  readonly driverOptions: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly hash: string;
}

/** A loaded Compose application. */
export interface Project {
  readonly name: string;
  /** Absolute. */
  readonly directory: string;
  readonly files: readonly string[];
  readonly environmentFiles: readonly string[];
  /** Services that run with the chosen profiles, by name, in the order of the file. */
  readonly services: ReadonlyMap<string, Service>;
  /** Services that the profiles leave out. */
  readonly disabled: readonly string[];
  /** All profiles that services name. */
  readonly profiles: readonly string[];
  readonly networks: ReadonlyMap<string, ProjectNetwork>;
  readonly volumes: ReadonlyMap<string, ProjectVolume>;
  /** The variables that the files see. */
  readonly variables: ReadonlyMap<string, string>;
  /** The whole model as data, for printing. */
  readonly tree: Dict;
}
