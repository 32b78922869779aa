import { expect, test } from "bun:test";
import type { CgroupMount } from "./cgroup-mounts.ts";
import { membersOfOwnCgroup } from "./own-cgroup.ts";

const v1 = (path: string, ...controllers: string[]): CgroupMount => ({ version: 1, path, controllers });
const v2: CgroupMount = { version: 2, path: "/cg", controllers: [] };
const told = "5:pids:/a:b\n4:cpu,cpuacct:/c\n1:name=systemd:/d\n0::/e\n";

test("the own cgroup is found in the hierarchy of its very line, and nowhere else", () => {
  expect(membersOfOwnCgroup([v1("/cpu", "cpu", "cpuacct"), v1("/pids", "pids")], told)).toBe(
    "/pids/a:b/cgroup.procs",
  );
  expect(membersOfOwnCgroup([v2], told)).toBe("/cg/e/cgroup.procs");
  // Processes are counted in a hierarchy that is not mounted here.
  expect(membersOfOwnCgroup([v1("/cpu", "cpu", "cpuacct")], told)).toBe("/cpu/c/cgroup.procs");
  expect(membersOfOwnCgroup([v1("/memory", "memory")], told)).toBeUndefined();
  expect(membersOfOwnCgroup([], told)).toBeUndefined();
});
