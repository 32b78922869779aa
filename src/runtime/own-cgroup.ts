import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CgroupMount } from "./cgroup-mounts.ts";

/**
 * The `cgroup.procs` file of the cgroup that this process is in now, in one of the hierarchies; `cgroups` is the text
 * of `/proc/self/cgroup`. Undefined where no hierarchy is mounted, or none that this process is told of.
 */
export function membersOfOwnCgroup(
  mounts: readonly CgroupMount[],
  cgroups = readFileSync("/proc/self/cgroup", "utf8"),
): string | undefined {
  const mount = mounts.find(({ controllers }) => controllers.includes("pids")) ?? mounts[0];
  if (!mount) return undefined;
  // The line of this very hierarchy: in another one the same path may be somebody else's cgroup.
  const line = cgroups.split("\n").find((entry) => {
    const controllers = entry.split(":")[1]?.split(",") ?? [];
    return mount.version === 2
      ? entry.startsWith("0::")
      : controllers.some((name) => mount.controllers.includes(name));
  });
  const path = line?.split(":").slice(2).join(":");
  return path === undefined ? undefined : join(mount.path, path, "cgroup.procs");
}
