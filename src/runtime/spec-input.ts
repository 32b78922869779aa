import type { LinuxResources, ProcessSpec, RuntimeSpec, SpecMount } from "../oci/index.ts";
import type { LimitSupport } from "./limit-support.ts";

/** Where one namespace of a container comes from. */
export type NamespaceSource = { kind: "private" } | { kind: "host" } | { kind: "path"; path: string };

/** Everything a runtime specification is made of; `buildSpec` is a pure function of it. */
export interface SpecInput {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: { uid: number; gid: number; additionalGids: readonly number[] };
  readonly tty: boolean;
  readonly consoleSize?: { height: number; width: number };
  readonly hostname?: string;
  readonly domainname?: string;
  /** Absolute path of the directory on which the shim mounts the root file system. */
  readonly rootPath: string;
  readonly readonlyRoot: boolean;
  /** Beyond the default mounts: binds for /etc/hosts and the like, volumes, tmpfs. Sorted by destination here. */
  readonly mounts: readonly SpecMount[];
  readonly network: NamespaceSource;
  readonly pid: NamespaceSource;
  readonly ipc: NamespaceSource;
  readonly uts: NamespaceSource;
  readonly cgroupNamespace: "private" | "host";
  readonly privileged: boolean;
  /** Names with or without `CAP_`, or `ALL`. */
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly seccomp: "default" | "unconfined" | object;
  readonly noNewPrivileges: boolean;
  /** A profile of AppArmor that the host has loaded. */
  readonly appArmorProfile?: string;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  /** Absent: a /dev/shm of its own. `from`: a directory that holds another container's. */
  readonly sharedMemory?: "none" | { readonly from: string };
  /** Bytes of /dev/shm; default 64 MiB. */
  readonly shmSize?: number;
  readonly resources: LinuxResources;
  readonly rlimits: readonly { name: string; soft: number; hard: number }[];
  readonly oomScoreAdj?: number;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly devices: readonly { pathOnHost: string; pathInContainer: string; permissions: string }[];
  readonly deviceCgroupRules: readonly string[];
  /** Absolute, below the engine's cgroup parent. */
  readonly cgroupsPath: string;
  /** Path of a static init on the host, made the parent of the command inside (`--init`). */
  readonly initPath?: string;
  /** What this host can grant; what it cannot is clamped with a warning. */
  readonly host: SpecHost;
}

/** What a specification depends on of a host; limits were fitted to it before. */
export type SpecHost = Omit<HostAbilities, "limits">;

export interface HostAbilities {
  /** The engine's own bounding set, names with `CAP_`. */
  readonly boundingCapabilities: ReadonlySet<string>;
  /** The engine's own hard limits by lower-case name without `RLIMIT_`; -1 is unlimited. */
  readonly hardLimits: ReadonlyMap<string, number>;
  readonly canRaiseLimits: boolean;
  readonly cgroup: "v1" | "v2" | "hybrid";
  readonly seccomp: boolean;
  /** What its cgroups can limit. */
  readonly limits: LimitSupport;
  /** Paths of the host's own message queues and shared memory; both where absent. */
  readonly ipcPaths?: readonly string[];
  /** AppArmor confines processes of this host; false when absent. */
  readonly appArmor?: boolean;
  /** Swap can be limited; true when absent. */
  readonly swapAccounting?: boolean;
  /** The engine's own; a process without CAP_SYS_RESOURCE cannot go below it. 0 when absent. */
  readonly oomScoreAdj?: number;
  /** Go's name of the machine's architecture; the engine's own when absent. */
  readonly architecture?: string;
  /** Paths of this machine to be masked beyond the default ones. */
  readonly maskedPaths?: readonly string[];
  /** The device file at a path, or all below a directory; empty when there is none. */
  readonly lookupDevices?: (path: string) => readonly DeviceNode[];
}

export interface DeviceNode {
  readonly path: string;
  readonly type: "b" | "c";
  readonly major: number;
  readonly minor: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface BuiltSpec {
  readonly spec: RuntimeSpec;
  readonly warnings: readonly string[];
}

/** The pure builder of the specification of one more process (exec) in a running container. */
export interface ExecSpecInput {
  readonly container: RuntimeSpec;
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: readonly string[];
  /** Default: the container's. */
  readonly cwd?: string;
  /** Default: the container's. */
  readonly user?: { uid: number; gid: number; additionalGids: readonly number[] };
  readonly tty: boolean;
  /** All capabilities that the host can grant instead of the container's own. */
  readonly privileged: boolean;
  /** Needed for `privileged` alone; without it the container's own bounding set is the limit. */
  readonly host?: Pick<HostAbilities, "boundingCapabilities">;
}

export type ExecSpec = ProcessSpec;
