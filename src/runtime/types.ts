import type { Socket } from "node:net";
import type { LogPosition } from "../base/index.ts";
import type { LinuxResources, Mount, ProcessSpec, RuntimeSpec } from "../oci/index.ts";

export interface LogTarget {
  /** `none`: output goes to attached clients only. `json-file`: Docker's format; attached clients hold the container back. */
  readonly driver: "local" | "json-file" | "none";
  /** Directory that holds `log`, `log.idx` and rotated files, or the JSON file. */
  readonly directory: string;
  /** Name of the JSON file. */
  readonly file?: string;
  /** 0: never rotated. */
  readonly maxBytes: number;
  readonly maxFiles: number;
  /** Rotated files are compressed. */
  readonly compress?: boolean;
  /** What each line of a JSON file is marked with. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Where a copy goes. */
  readonly journal?: JournalTarget;
}

export interface JournalTarget {
  readonly socket: string;
  /** What each message says of the container: names of the journal's fields and values. */
  readonly fields: Readonly<Record<string, string>>;
  /** Bytes that may wait before messages are dropped; 0: the container waits. */
  readonly maxBuffer: number;
}

/** A mount beside the root file system, in the same namespace: for binds of the specification to start from. */
export interface ExtraMount {
  /** Directory below the bundle; made. */
  readonly target: string;
  /** A directory of what is mounted; links in it are followed inside of it alone. Absent: all of it. */
  readonly part?: string;
  /** `tree-of`: what stands at the one option, a path, in the mount namespace that the source names. */
  readonly mount:
    | Mount
    | { readonly type: "tree-of"; readonly source: string; readonly options: readonly string[] };
}

export interface TaskConfig {
  /** Container ID. */
  readonly id: string;
  /** Directory for config.json and shim state; made when absent (below the run directory). */
  readonly bundle: string;
  readonly spec: RuntimeSpec;
  /**
   * Mounted by the shim's child in a private mount namespace; never visible on the host. Whether it is writable
   * is for `spec.root.readonly` to say: crun remounts a read-only bind as writable without it.
   */
  readonly rootfs: readonly Mount[];
  readonly extraMounts?: readonly ExtraMount[];
  readonly tty: boolean;
  readonly openStdin: boolean;
  /** Close stdin when the first attached client closes its side. */
  readonly stdinOnce: boolean;
  readonly log: LogTarget;
  /** Name of an OCI runtime; the engine's default when absent. */
  readonly runtime?: string;
}

export interface ExitStatus {
  /** 0–255; 128+n for a signal. */
  readonly code: number;
  readonly oomKilled: boolean;
  /** RFC 3339 with nanoseconds. */
  readonly exitedAt: string;
}

export interface AttachOptions {
  readonly stdin: boolean;
  /**
   * `now`: output from this moment; `start`: everything from the first byte on; a position: from there on
   * (as `logs` hands over to follow).
   */
  readonly from: "now" | "start" | LogPosition;
}

/**
 * A live connection to a process's streams. Reading gives Docker frames (8-byte headers) without a tty and raw
 * bytes with one; it ends when the process's output has ended and all of it was delivered. Writing is stdin;
 * `end()` half-closes it. The holder destroys it.
 */
export type AttachStream = Socket;

/** One process tree on a bundle, supervised by a shim that outlives the engine. */
export interface Task {
  readonly id: string;
  /** Process ID of init; 0 before `start` returned. */
  readonly pid: number;
  /**
   * Resolves once: when init has exited, its output is complete and the runtime's state is deleted. Stays pending
   * for a task that was never started or whose start failed.
   */
  readonly exited: Promise<ExitStatus>;
  /**
   * Starts init. Throws `EngineError` with `kind: "invalid"` and subject `command-not-found` (exit code 127),
   * `not-executable` (126) or `start-failed` (128); the message is Docker's. The task is then over and its shim gone.
   */
  start(): Promise<void>;
  attach(options: AttachOptions): Promise<AttachStream>;
  /**
   * Output from a position in the log on, or from a later one where the log is compressed or gone: `position` says
   * from where. Throws `conflict` when the shim is gone.
   */
  follow(from: LogPosition): Promise<{ readonly position: LogPosition; readonly output: AttachStream }>;
  /** Sends a signal to init; throws `conflict` when it is not running. */
  signal(number: number): Promise<void>;
  /** Freezes all processes; throws `conflict` when they have just ended. */
  pause(): Promise<void>;
  /** Lets them go on; a success where they have ended. */
  resume(): Promise<void>;
  resize(size: { height: number; width: number }): Promise<void>;
  /** Applies new limits to the running cgroup. */
  update(resources: LinuxResources): Promise<void>;
  exec(config: ExecConfig): Promise<ExecProcess>;
  /**
   * Ends the shim of a task that was never started, or kills everything of one that was, and removes the bundle.
   * Resolves when gone. After `exited` it also drops clients that do not read.
   */
  destroy(): Promise<void>;
  /**
   * Kills container, shim and a runtime that works on them without asking the shim, which hangs; `exited` then tells
   * of code 137. Throws `internal` when processes outlive that, as those do that hang in the kernel.
   */
  abandon(): Promise<void>;
}

export interface ExecConfig {
  /** Exec ID, 64 hex digits. */
  readonly id: string;
  readonly process: ProcessSpec;
  readonly tty: boolean;
  readonly stdin: boolean;
}

export interface ExecProcess {
  readonly pid: number;
  readonly exited: Promise<{ code: number }>;
  /** One client; output before it came is kept (bounded: the process blocks), so call it before or right after exec. */
  attach(): Promise<AttachStream>;
  signal(number: number): Promise<void>;
  resize(size: { height: number; width: number }): Promise<void>;
}

export interface Runtime {
  /** Runtimes found at start: name → path; `default` is the one used. */
  readonly available: ReadonlyMap<string, string>;
  readonly defaultName: string;
  /**
   * Tells that a process will be started in a moment, so that what it would wait for in the kernel begins now. A wrong
   * guess costs next to nothing. Returns at once.
   */
  expectProcess(): void;
  /** Writes the bundle and starts the shim; the process itself waits for `Task.start`, so clients can attach first. */
  create(config: TaskConfig): Promise<Task>;
  /**
   * Finds the task of a bundle after a restart of the engine: alive → a Task; ended → its exit status;
   * nothing known (a reboot) → undefined. In the latter two cases processes, cgroups and the OCI runtime's state are
   * removed; the bundle stays until the caller has recorded the end and removes it. A task whose shim was
   * killed cannot be supervised any more: it is killed and reported with code 137.
   */
  recover(id: string, bundle: string): Promise<{ task: Task } | { exit: ExitStatus } | undefined>;
  /** Removes a bundle whose task is over and recorded, so that a kill in the middle leaves none that could be recovered. */
  removeBundle(bundle: string): Promise<void>;
  /**
   * Removes runtime state, cgroups and shims of bundles under `bundlesRoot` whose IDs are not in `known`;
   * state and cgroups also of those that are not in `alive`.
   */
  sweep(bundlesRoot: string, known: ReadonlySet<string>, alive?: ReadonlySet<string>): Promise<void>;
  /** Whether there is something at a host path; throws `unavailable` when its file system hangs. Never hangs itself. */
  lookAt(path: string): Promise<boolean>;
  /** Lets go of all shims, which go on; their tasks' promises never settle. */
  close(): void;
}
