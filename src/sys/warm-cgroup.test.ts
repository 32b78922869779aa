import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { warmCgroupMoves } from "./index.ts";

test("asking for quick moves moves nobody, whether the file is there or not", async () => {
  const before = readFileSync("/proc/self/cgroup", "utf8");
  const [mount] = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => / - cgroup2? /.test(line));
  const hierarchy = mount?.split(" ")[4] ?? "";
  const controllers = mount?.split(" ").at(-1)?.split(",") ?? [];
  const entry = before.split("\n").find((line) => {
    const names = line.split(":")[1] ?? "";
    return mount?.includes(" - cgroup2 ")
      ? names === ""
      : names !== "" && controllers.includes(names.split(",")[0] ?? "");
  });
  const members = `${hierarchy}${entry?.split(":").slice(2).join(":")}/cgroup.procs`;
  for (const path of [members, members, "/nowhere/cgroup.procs"]) warmCgroupMoves(path);
  expect(readFileSync("/proc/self/cgroup", "utf8")).toBe(before);
});
