import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What a container's cgroup has used; absent numbers are 0, limits 0 mean none. */
export interface CgroupUsage {
  /** Nanoseconds of processor time: all, in user mode, in kernel mode. */
  readonly cpu: { total: number; user: number; kernel: number };
  readonly throttling: { periods: number; throttled: number; time: number };
  readonly memory: { usage: number; limit: number; stats: Record<string, number> };
  readonly pids: { current: number; limit: number };
  readonly blockIO: readonly { major: number; minor: number; op: string; value: number }[];
}

interface Hierarchy {
  readonly version: 1 | 2;
  /** Directory of the process's cgroup in this hierarchy. */
  readonly directory: string;
}

/** Reads what the cgroup of a process has used, under v1, v2 or both. */
export async function readCgroupUsage(pid: number): Promise<CgroupUsage> {
  const places = await findHierarchies(pid);
  const place = (controller: string): Hierarchy | undefined => places.get(controller) ?? places.get("");
  const memory = place("memory");
  const cpu = place("cpuacct") ?? place("cpu");
  const cpuLimits = place("cpu");
  const pids = place("pids");
  const io = place("blkio");
  return {
    cpu: await cpuUsage(cpu),
    throttling: await throttling(cpuLimits),
    memory: await memoryUsage(memory),
    pids: { current: await numberIn(pids, "pids.current"), limit: await numberIn(pids, "pids.max") },
    blockIO: await blockIO(io),
  };
}

/** The process's directory in each hierarchy, by controller; the unified one has the empty name. */
async function findHierarchies(pid: number): Promise<ReadonlyMap<string, Hierarchy>> {
  const [cgroups, mounts] = await Promise.all([
    readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => ""),
    readFile("/proc/self/mountinfo", "utf8"),
  ]);
  return new Map(mounts.split("\n").flatMap((line) => hierarchiesOf(line, cgroups)));
}

/** What one line of mountinfo (proc(5): … root mount-point … - type source options) shows of the process. */
function hierarchiesOf(line: string, cgroups: string): (readonly [string, Hierarchy])[] {
  const match = /^\d+ \d+ \S+ (\S+) (\S+) .* - (cgroup2?) \S+ (\S+)$/.exec(line);
  if (!match) return [];
  const [, root = "/", mountPoint = "", type, options = ""] = match;
  const version = type === "cgroup2" ? 2 : 1;
  const controllers = version === 2 ? [""] : options.split(",").filter((word) => word !== "rw");
  return controllers.flatMap((controller) => {
    const path = pathOf(cgroups, controller);
    if (path === undefined) return [];
    const relative = root !== "/" && path.startsWith(root) ? path.slice(root.length) : path;
    return [[controller, { version, directory: join(mountPoint, relative) }] as const];
  });
}

function pathOf(cgroups: string, controller: string): string | undefined {
  const line = cgroups
    .split("\n")
    .find((entry) => (entry.split(":")[1] ?? "-").split(",").includes(controller));
  return line?.split(":").slice(2).join(":");
}

async function cpuUsage(place: Hierarchy | undefined): Promise<CgroupUsage["cpu"]> {
  if (place?.version === 2) {
    const stat = await table(place, "cpu.stat");
    const nanoseconds = (key: string) => (stat[key] ?? 0) * 1000;
    return {
      total: nanoseconds("usage_usec"),
      user: nanoseconds("user_usec"),
      kernel: nanoseconds("system_usec"),
    };
  }
  const ticks = await table(place, "cpuacct.stat");
  return {
    total: await numberIn(place, "cpuacct.usage"),
    user: (ticks.user ?? 0) * 1e7,
    kernel: (ticks.system ?? 0) * 1e7,
  };
}

async function throttling(place: Hierarchy | undefined): Promise<CgroupUsage["throttling"]> {
  const stat = await table(place, "cpu.stat");
  return {
    periods: stat.nr_periods ?? 0,
    throttled: stat.nr_throttled ?? 0,
    time: stat.throttled_time ?? (stat.throttled_usec ?? 0) * 1000,
  };
}

async function memoryUsage(place: Hierarchy | undefined): Promise<CgroupUsage["memory"]> {
  const names =
    place?.version === 2
      ? { usage: "memory.current", limit: "memory.max" }
      : { usage: "memory.usage_in_bytes", limit: "memory.limit_in_bytes" };
  return {
    usage: await numberIn(place, names.usage),
    limit: await numberIn(place, names.limit),
    stats: await table(place, "memory.stat"),
  };
}

async function blockIO(place: Hierarchy | undefined): Promise<CgroupUsage["blockIO"]> {
  if (place?.version === 2) {
    const text = await content(place, "io.stat");
    return text.split("\n").flatMap((line) => {
      const match = /^(\d+):(\d+) .*rbytes=(\d+) wbytes=(\d+)/.exec(line);
      if (!match) return [];
      const device = { major: Number(match[1]), minor: Number(match[2]) };
      return [
        { ...device, op: "read", value: Number(match[3]) },
        { ...device, op: "write", value: Number(match[4]) },
      ];
    });
  }
  const text = await content(place, "blkio.throttle.io_service_bytes_recursive");
  return text.split("\n").flatMap((line) => {
    const match = /^(\d+):(\d+) (Read|Write) (\d+)$/.exec(line);
    if (!match) return [];
    const [, major, minor, op = "", value] = match;
    return [{ major: Number(major), minor: Number(minor), op: op.toLowerCase(), value: Number(value) }];
  });
}

/** `key number` lines. */
async function table(place: Hierarchy | undefined, file: string): Promise<Record<string, number>> {
  const pairs = (await content(place, file))
    .split("\n")
    .map((line) => line.split(" "))
    .filter((words) => words.length === 2)
    .map(([key = "", value]) => [key, Number(value)] as const);
  return Object.fromEntries(pairs);
}

/** A file with one number; `max` and numbers that mean no limit are 0. */
async function numberIn(place: Hierarchy | undefined, file: string): Promise<number> {
  const value = Number((await content(place, file)).trim() || "0");
  return Number.isFinite(value) && value < 2 ** 62 ? value : 0;
}

async function content(place: Hierarchy | undefined, file: string): Promise<string> {
  return place ? await readFile(join(place.directory, file), "utf8").catch(() => "") : "";
}
