import type { Resources } from "../../wire/index.ts";
import type { FlagValues } from "../flags/index.ts";
import { compact } from "./compact.ts";
import { parseDevices, parseRates, parseUlimits, parseWeights } from "./devices.ts";

/** The limits that both `run` and `update` can set. */
export function sharedResources(flags: FlagValues): Resources {
  return compact<Resources>({
    Memory: flags.bytes("memory"),
    MemoryReservation: flags.bytes("memory-reservation"),
    MemorySwap: flags.bytes("memory-swap"),
    NanoCpus: flags.has("cpus") ? Math.round(Number(flags.text("cpus")) * 1e9) : undefined,
    CpuShares: flags.int("cpu-shares"),
    CpuPeriod: flags.int("cpu-period"),
    CpuQuota: flags.int("cpu-quota"),
    CpuRealtimePeriod: flags.int("cpu-rt-period"),
    CpuRealtimeRuntime: flags.int("cpu-rt-runtime"),
    CpusetCpus: flags.text("cpuset-cpus"),
    CpusetMems: flags.text("cpuset-mems"),
    PidsLimit: flags.int("pids-limit"),
    BlkioWeight: flags.int("blkio-weight"),
  });
}

/** All limits and devices of a new container. */
export function allResources(flags: FlagValues): Resources {
  const swappiness = flags.has("memory-swappiness") ? flags.int("memory-swappiness") : undefined;
  if (swappiness !== undefined && (swappiness < -1 || swappiness > 100)) {
    throw new Error(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  }
  const devices = parseDevices(flags.list("device"));
  const requests = [...devices.requests, ...gpuRequests(flags)];
  return {
    ...sharedResources(flags),
    ...compact<Resources>({
      MemorySwappiness: swappiness,
      OomKillDisable: flags.bool("oom-kill-disable") || undefined,
      CgroupParent: flags.text("cgroup-parent"),
      Devices: devices.devices,
      DeviceRequests: requests,
      DeviceCgroupRules: flags.list("device-cgroup-rule"),
      Ulimits: parseUlimits(flags.list("ulimit")),
      BlkioWeightDevice: parseWeights(flags.list("blkio-weight-device")),
      BlkioDeviceReadBps: parseRates(flags.list("device-read-bps"), true),
      BlkioDeviceWriteBps: parseRates(flags.list("device-write-bps"), true),
      BlkioDeviceReadIOps: parseRates(flags.list("device-read-iops"), false),
      BlkioDeviceWriteIOps: parseRates(flags.list("device-write-iops"), false),
    }),
  };
}

/** `--gpus all`, `--gpus 2`, `--gpus device=0`. */
function gpuRequests(flags: FlagValues): object[] {
  return flags.list("gpus").map((text) => {
    const capabilities = { Capabilities: [["gpu"]] };
    if (text === "all") return { Count: -1, ...capabilities };
    if (/^\d+$/.test(text)) return { Count: Number(text), ...capabilities };
    const device = /^"?device=([\w:.,-]+)"?$/.exec(text)?.[1];
    if (device === undefined) throw new Error(`invalid GPU request: ${text}`);
    return { DeviceIDs: device.split(","), ...capabilities };
  });
}
