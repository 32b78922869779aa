import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CgroupMount } from "./cgroup-mounts.ts";

/** Which limits this host's cgroups can hold, and the processors and memory nodes there are to choose from. */
export interface LimitSupport {
  readonly memory: boolean;
  readonly swap: boolean;
  readonly reservation: boolean;
  readonly swappiness: boolean;
  readonly oomKillDisable: boolean;
  readonly pids: boolean;
  readonly cpuShares: boolean;
  readonly cpuQuota: boolean;
  readonly cpuRealtime: boolean;
  readonly cpuset: boolean;
  readonly blockWeight: boolean;
  readonly blockWeightDevice: boolean;
  readonly blockThrottle: boolean;
  readonly processors: number;
  /** As the kernel lists them: `0-3,8`. Empty where there is no cpuset. */
  readonly cpus: string;
  readonly memoryNodes: string;
}

/** Looks at the cgroup hierarchies; `ownGroups` is the text of `/proc/self/cgroup`. */
export function readLimitSupport(mounts: readonly CgroupMount[], ownGroups: string): LimitSupport {
  const v2 = mounts.length > 0 && mounts.every(({ version }) => version === 2);
  const found = v2 ? unified(mounts[0]?.path ?? "", ownGroups) : separate(mounts);
  return { ...found, processors: navigator.hardwareConcurrency, ...choices(mounts, v2) };
}

type Flags = Omit<LimitSupport, "processors" | "cpus" | "memoryNodes">;

/** Weights under the name of the scheduler BFQ are not counted: Docker does not look for them, nor does crun. */
function separate(mounts: readonly CgroupMount[]): Flags {
  const has = (controller: string, file: string): boolean =>
    mounts.some(({ controllers, path }) => controllers.includes(controller) && existsSync(join(path, file)));
  return {
    memory: has("memory", "memory.limit_in_bytes"),
    swap: has("memory", "memory.memsw.limit_in_bytes"),
    reservation: has("memory", "memory.soft_limit_in_bytes"),
    swappiness: has("memory", "memory.swappiness"),
    oomKillDisable: has("memory", "memory.oom_control"),
    pids: mounts.some(({ controllers }) => controllers.includes("pids")),
    cpuShares: has("cpu", "cpu.shares"),
    cpuQuota: has("cpu", "cpu.cfs_quota_us"),
    cpuRealtime: has("cpu", "cpu.rt_runtime_us"),
    cpuset: has("cpuset", "cpuset.cpus"),
    blockWeight: has("blkio", "blkio.weight"),
    blockWeightDevice: has("blkio", "blkio.weight_device"),
    blockThrottle: has("blkio", "blkio.throttle.read_bps_device"),
  };
}

function unified(root: string, ownGroups: string): Flags {
  const controllers = new Set(read(join(root, "cgroup.controllers")).split(/\s+/));
  const own = /^0::(\S+)$/m.exec(ownGroups)?.[1] ?? "/";
  const below = (file: string): boolean => existsSync(join(root, own, file)) || someGroupBelow(root, file);
  const io = controllers.has("io");
  return {
    memory: controllers.has("memory"),
    swap: controllers.has("memory") && below("memory.swap.max"),
    reservation: controllers.has("memory"),
    swappiness: false,
    oomKillDisable: false,
    pids: controllers.has("pids"),
    cpuShares: controllers.has("cpu"),
    cpuQuota: controllers.has("cpu"),
    cpuRealtime: false,
    cpuset: controllers.has("cpuset"),
    blockWeight: io && (below("io.weight") || below("io.bfq.weight")),
    blockWeightDevice: io && (below("io.weight") || below("io.bfq.weight")),
    blockThrottle: io && below("io.max"),
  };
}

/** The root group of a unified tree has no files for limits: another tells what there is. */
function someGroupBelow(root: string, file: string): boolean {
  try {
    return readdirSync(root, { withFileTypes: true }).some(
      (entry) => entry.isDirectory() && existsSync(join(root, entry.name, file)),
    );
  } catch {
    return false;
  }
}

function choices(mounts: readonly CgroupMount[], v2: boolean): Pick<LimitSupport, "cpus" | "memoryNodes"> {
  const mount = v2 ? mounts[0] : mounts.find(({ controllers }) => controllers.includes("cpuset"));
  const file = (name: string): string => (mount ? read(join(mount.path, name)).trim() : "");
  const suffix = v2 ? ".effective" : "";
  return { cpus: file(`cpuset.cpus${suffix}`), memoryNodes: file(`cpuset.mems${suffix}`) };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
