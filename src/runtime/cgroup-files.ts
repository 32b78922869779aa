import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { codeOf, EngineError } from "../base/index.ts";
import type { LinuxResources } from "../oci/index.ts";
import type { CgroupMount } from "./cgroup-mounts.ts";

const freezeAttempts = 500;

/** The directory of a container in the hierarchy of a controller; the one tree on v2. */
export function controllerDirectory(
  mounts: readonly CgroupMount[],
  controller: string,
  cgroupsPath: string,
): { version: 1 | 2; path: string } | undefined {
  const v1 = mounts.find(({ controllers }) => controllers.includes(controller));
  const found = v1 ?? (mounts.some(({ version }) => version === 1) ? undefined : mounts[0]);
  return found && { version: found.version, path: found.path + cgroupsPath };
}

/** Whether an error of a cgroup's file says that the cgroup went with its last process. */
export function isCgroupGone(error: unknown): boolean {
  return codeOf(error) === "ENOENT" || codeOf(error) === "ENODEV";
}

/** Stops or wakes every process; returns when the kernel says that all are. */
export async function setFrozen(
  mounts: readonly CgroupMount[],
  cgroupsPath: string,
  frozen: boolean,
): Promise<void> {
  const directory = controllerDirectory(mounts, "freezer", cgroupsPath);
  if (!directory)
    throw new EngineError("not-implemented", "This host has no freezer", { subject: cgroupsPath });
  const { version, path } = directory;
  if (version === 2) {
    await writeFile(`${path}/cgroup.freeze`, frozen ? "1" : "0");
    await until(
      `${path}/cgroup.events`,
      (text) => text.includes(frozen ? "frozen 1" : "frozen 0"),
      async () => {},
    );
    return;
  }
  const wanted = frozen ? "FROZEN" : "THAWED";
  const state = `${path}/freezer.state`;
  const write = async () => await writeFile(state, wanted);
  await write();
  // A process that forks while it is being frozen can leave the group in FREEZING until it is asked again.
  await until(state, (text) => text.trim() === wanted, write);
}

async function until(
  path: string,
  holds: (text: string) => boolean,
  again: () => Promise<void>,
): Promise<void> {
  for (let attempt = 0; attempt < freezeAttempts; attempt += 1) {
    if (holds(await readFile(path, "utf8"))) return;
    await delay(1 + Math.min(attempt, 20));
    await again();
  }
  throw new EngineError("internal", `Cannot change freezer state: ${path} does not follow`, {
    subject: path,
  });
}

type Write = readonly [controller: string, file: string, value: string];

/** Applies limits to a live cgroup; what is not named stays as it is. Throws `invalid` for what the kernel refuses. */
export async function applyResources(
  mounts: readonly CgroupMount[],
  cgroupsPath: string,
  resources: LinuxResources,
): Promise<void> {
  const v1 = mounts.some(({ version }) => version === 1);
  for (const [controller, file, value] of v1
    ? await writesV1(mounts, cgroupsPath, resources)
    : writesV2(resources)) {
    const directory = controllerDirectory(mounts, controller, cgroupsPath);
    if (!directory) continue;
    try {
      await writeFile(`${directory.path}/${file}`, value);
    } catch (error) {
      throw new EngineError("invalid", `Cannot set ${file} to ${value}: ${codeOf(error) ?? error}`, {
        subject: file,
        cause: error,
      });
    }
  }
}

async function writesV1(
  mounts: readonly CgroupMount[],
  cgroupsPath: string,
  { memory = {}, cpu = {}, pids }: LinuxResources,
): Promise<Write[]> {
  const limits: Write[] = [
    ...some("memory", "memory.limit_in_bytes", memory.limit),
    ...some("memory", "memory.memsw.limit_in_bytes", memory.swap),
  ];
  // Memory may never exceed memory and swap together, not even between two writes.
  if (limits.length === 2 && (await grows(mounts, cgroupsPath, memory.swap ?? -1))) limits.reverse();
  return [
    ...limits,
    ...some("memory", "memory.soft_limit_in_bytes", memory.reservation),
    ...some("memory", "memory.swappiness", memory.swappiness),
    ...some("cpu", "cpu.shares", cpu.shares),
    ...some("cpu", "cpu.cfs_period_us", cpu.period),
    ...some("cpu", "cpu.cfs_quota_us", cpu.quota),
    ...some("cpuset", "cpuset.cpus", cpu.cpus),
    ...some("cpuset", "cpuset.mems", cpu.mems),
    ...some("pids", "pids.max", pids && maximum(pids.limit || -1)),
  ];
}

async function grows(mounts: readonly CgroupMount[], cgroupsPath: string, swap: number): Promise<boolean> {
  if (swap < 0) return true;
  const directory = controllerDirectory(mounts, "memory", cgroupsPath);
  if (!directory) return false;
  return Number(await readFile(`${directory.path}/memory.memsw.limit_in_bytes`, "utf8")) < swap;
}

function writesV2({ memory = {}, cpu = {}, pids }: LinuxResources): Write[] {
  const swap =
    memory.swap === undefined || memory.swap < 0
      ? memory.swap
      : Math.max(0, memory.swap - (memory.limit ?? 0));
  const quota = cpu.quota ?? (cpu.period === undefined ? undefined : -1);
  return [
    ...some("memory", "memory.max", maximum(memory.limit)),
    ...some("memory", "memory.swap.max", maximum(swap)),
    ...some("memory", "memory.low", memory.reservation),
    ...some("cpu", "cpu.weight", cpu.shares && weightOf(cpu.shares)),
    ...some("cpu", "cpu.max", quota === undefined ? undefined : `${maximum(quota)} ${cpu.period ?? 100_000}`),
    ...some("cpuset", "cpuset.cpus", cpu.cpus),
    ...some("cpuset", "cpuset.mems", cpu.mems),
    ...some("pids", "pids.max", pids && maximum(pids.limit || -1)),
  ];
}

function some(controller: string, file: string, value: string | number | undefined): Write[] {
  return value === undefined || value === "" ? [] : [[controller, file, String(value)]];
}

function maximum(value: number | undefined): string | number | undefined {
  return value !== undefined && value < 0 ? "max" : value;
}

/** The runtimes' mapping of 2–262144 shares onto a weight of 1–10000. */
function weightOf(shares: number): number {
  return Math.floor(1 + ((shares - 2) * 9999) / 262142);
}
