import type { Resources } from "../../wire/index.ts";
import type { FlagValues } from "../flags/index.ts";
import { compact } from "./compact.ts";
import { parseDevices, parseRate, parseUlimits, parseWeight } from "./devices.ts";
import { parseGpus } from "./gpus.ts";

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
  const requests = [...devices.requests, ...flags.list("gpus").map(parseGpus)];
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
      BlkioWeightDevice: flags.list("blkio-weight-device").map(parseWeight),
      BlkioDeviceReadBps: rates(flags, "device-read-bps", "bytes"),
      BlkioDeviceWriteBps: rates(flags, "device-write-bps", "bytes"),
      BlkioDeviceReadIOps: rates(flags, "device-read-iops", "operations"),
      BlkioDeviceWriteIOps: rates(flags, "device-write-iops", "operations"),
    }),
  };
}

function rates(flags: FlagValues, name: string, unit: "bytes" | "operations") {
  return flags.list(name).map((text) => parseRate(text, unit));
}
