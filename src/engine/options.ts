import { join } from "node:path";
import { EngineError, type Step } from "../base/index.ts";
import type { LogDefaults } from "../container/index.ts";
import type { TransferLimits } from "../image/index.ts";
import type { RegistryOptions } from "../registry/index.ts";

/** Where an engine keeps things and what everything of it is called. */
export interface EngineOptions {
  /** What survives a reboot. */
  readonly root: string;
  /** What a reboot may lose: sockets, namespaces, state of running tasks. */
  readonly runDirectory: string;
  /** Prefix of links, firewall table and cgroup: engines with different ones do not notice each other. */
  readonly prefix: string;
  /** OCI runtimes beyond those found: name → path. */
  readonly runtimes: Readonly<Record<string, string>>;
  /** How registries are reached. */
  readonly registries: RegistryOptions;
  /** How many blobs of a pull come (`downloads`), and of a push go (`uploads`), at the same time. */
  readonly transfers?: Partial<TransferLimits> | undefined;
  /** Bytes that images and build cache may take, and how long (ms) nothing is evicted after it was used. */
  readonly disk?: { readonly budget?: number; readonly grace?: number } | undefined;
  /** Milliseconds after which a container's supervisor counts as hung, a start after six times as many; default 10 s. */
  readonly patience?: number | undefined;
  /** Told of every durable step; only fault tests listen. */
  readonly step?: Step;
  /** What containers that ask for no log driver get, and where the journal is. */
  readonly logs?: Partial<LogDefaults>;
}

export const defaultRoot = "/var/lib/gantry";
export const defaultRunDirectory = "/run/gantry";
export const defaultPrefix = "gantry";

/** Throws `invalid` for a prefix that could not stand in the name of a link. */
export function checkPrefix(prefix: string): void {
  if (/^[a-z][a-z0-9]{0,5}$/.test(prefix)) return;
  throw new EngineError("invalid", `Invalid network prefix "${prefix}": it must match [a-z][a-z0-9]{0,5}`, {
    subject: prefix,
  });
}

/** Cgroup below which the containers of an engine lie. */
export function cgroupParent(prefix: string): string {
  return `/${prefix}`;
}

/** Every place below root and run directory, named once. */
export function placesOf(options: Pick<EngineOptions, "root" | "runDirectory">) {
  const { root, runDirectory } = options;
  return {
    content: join(root, "content"),
    snapshots: join(root, "snapshots"),
    containers: join(root, "containers"),
    volumes: join(root, "volumes"),
    records: join(root, "records.db"),
    temporary: join(root, "tmp"),
    /** Cache mounts of builds. */
    cache: join(root, "cache"),
    lock: join(root, "engine.lock"),
    /** Which run directory and prefix belong to this root, for a reset that knows only the root. */
    identity: join(root, "engine.json"),
    tasks: join(runDirectory, "tasks"),
    builds: join(runDirectory, "build"),
    namespaces: join(runDirectory, "netns"),
    pid: join(runDirectory, "engine.pid"),
  };
}
