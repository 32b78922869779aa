import { existsSync, lstatSync, readdirSync } from "node:fs";
import { access, readdir, readFile } from "node:fs/promises";
import { codeOf } from "../base/index.ts";
import { cgroupMode, parseCgroupMounts } from "./cgroup-mounts.ts";
import { readLimitSupport } from "./limit-support.ts";
import { allCapabilities } from "./spec/capabilities.ts";
import type { DeviceNode, HostAbilities } from "./spec-input.ts";

/** Reads what this host and this process can grant to containers. */
export async function readHostAbilities(): Promise<HostAbilities> {
  const [status, limits, mountinfo, groups, score, seccomp, maskedPaths] = await Promise.all([
    readFile("/proc/self/status", "utf8"),
    readFile("/proc/self/limits", "utf8"),
    readFile("/proc/self/mountinfo", "utf8"),
    readFile("/proc/self/cgroup", "utf8"),
    readFile("/proc/self/oom_score_adj", "utf8"),
    exists("/proc/sys/kernel/seccomp/actions_avail"),
    thermalPaths(),
  ]);
  const boundingCapabilities = parseCapabilities(/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0");
  const mounts = parseCgroupMounts(mountinfo);
  const support = readLimitSupport(mounts, groups);
  return {
    boundingCapabilities,
    hardLimits: parseLimits(limits),
    canRaiseLimits: boundingCapabilities.has("CAP_SYS_RESOURCE"),
    cgroup: cgroupMode(mounts),
    seccomp,
    limits: support,
    ipcPaths: ["/dev/mqueue", "/dev/shm"].filter((path) => existsSync(path)),
    appArmor: (await readFile("/sys/module/apparmor/parameters/enabled", "utf8").catch(() => "")).startsWith(
      "Y",
    ),
    swapAccounting: support.swap,
    oomScoreAdj: Number(score),
    maskedPaths,
    lookupDevices,
  };
}

function parseCapabilities(hex: string): Set<string> {
  const mask = BigInt(`0x${hex}`);
  return new Set(allCapabilities.filter((_, bit) => (mask >> BigInt(bit)) & 1n));
}

const limitNames: Readonly<Record<string, string>> = {
  "Max cpu time": "cpu",
  "Max file size": "fsize",
  "Max data size": "data",
  "Max stack size": "stack",
  "Max core file size": "core",
  "Max resident set": "rss",
  "Max processes": "nproc",
  "Max open files": "nofile",
  "Max locked memory": "memlock",
  "Max address space": "as",
  "Max file locks": "locks",
  "Max pending signals": "sigpending",
  "Max msgqueue size": "msgqueue",
  "Max nice priority": "nice",
  "Max realtime priority": "rtprio",
  "Max realtime timeout": "rttime",
};

/** Hard limits from the text of `/proc/<pid>/limits`. */
export function parseLimits(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [, label, hard] = /^(Max .*?)\s{2,}\S+\s+(\S+)/.exec(line) ?? [];
    const name = limitNames[label ?? ""];
    if (name && hard) found.set(name, hard === "unlimited" ? -1 : Number(hard));
  }
  return found;
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

async function thermalPaths(): Promise<string[]> {
  const root = "/sys/devices/system/cpu";
  const names = await readdir(root).catch(() => []);
  const paths = names
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => `${root}/${name}/thermal_throttle`);
  const present = await Promise.all(paths.map(exists));
  return paths.filter((_, index) => present[index]);
}

const specialDirectories: ReadonlySet<string> = new Set([
  "pts",
  "shm",
  "fd",
  "mqueue",
  ".lxc",
  ".lxd-mounts",
]);

/** A few stat calls on /dev, which is memory: synchronous, so that a specification stays a plain function. */
function lookupDevices(path: string): DeviceNode[] {
  try {
    const status = lstatSync(path);
    if (status.isDirectory()) return devicesBelow(path);
    if (!status.isBlockDevice() && !status.isCharacterDevice()) return [];
    const { major, minor } = splitDevice(status.rdev);
    const type = status.isBlockDevice() ? "b" : "c";
    return [{ path, type, major, minor, mode: status.mode & 0o7777, uid: status.uid, gid: status.gid }];
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

function devicesBelow(path: string): DeviceNode[] {
  return readdirSync(path)
    .filter((name) => !specialDirectories.has(name) && !(path === "/dev" && name === "console"))
    .flatMap((name) => lookupDevices(`${path}/${name}`));
}

/** The kernel's encoding of a device number in `st_rdev`. */
function splitDevice(device: number): { major: number; minor: number } {
  const value = BigInt(device);
  return {
    major: Number(((value >> 8n) & 0xfffn) | ((value >> 32n) & ~0xfffn)),
    minor: Number((value & 0xffn) | ((value >> 12n) & ~0xffn)),
  };
}
