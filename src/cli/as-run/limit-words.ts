import type { HostConfig, Resources } from "../../wire/index.ts";
import { flag, flags, type Option, toggle } from "./flag-words.ts";

/** Flags for limits and devices. */
export function limitWords(host: HostConfig): Option[] {
  const rates = (list: Resources["BlkioDeviceReadBps"]) =>
    (list ?? []).map(({ Path, Rate }) => `${Path}:${Rate}`);
  const swappiness = host.MemorySwappiness ?? -1;
  return [
    ...flag("memory", host.Memory),
    ...flag("memory-reservation", host.MemoryReservation),
    ...(host.Memory && host.MemorySwap !== host.Memory * 2 ? flag("memory-swap", host.MemorySwap) : []),
    ...(swappiness >= 0 ? [["--memory-swappiness", String(swappiness)] as const] : []),
    ...toggle("oom-kill-disable", host.OomKillDisable),
    ...flag("cpus", host.NanoCpus ? host.NanoCpus / 1e9 : undefined),
    ...flag("cpu-shares", host.CpuShares),
    ...flag("cpu-period", host.CpuPeriod),
    ...flag("cpu-quota", host.CpuQuota),
    ...flag("cpu-rt-period", host.CpuRealtimePeriod),
    ...flag("cpu-rt-runtime", host.CpuRealtimeRuntime),
    ...flag("cpuset-cpus", host.CpusetCpus),
    ...flag("cpuset-mems", host.CpusetMems),
    ...flag("pids-limit", host.PidsLimit),
    ...flag("blkio-weight", host.BlkioWeight),
    ...flags(
      "blkio-weight-device",
      (host.BlkioWeightDevice ?? []).map(({ Path, Weight }) => `${Path}:${Weight}`),
    ),
    ...flags("device-read-bps", rates(host.BlkioDeviceReadBps)),
    ...flags("device-write-bps", rates(host.BlkioDeviceWriteBps)),
    ...flags("device-read-iops", rates(host.BlkioDeviceReadIOps)),
    ...flags("device-write-iops", rates(host.BlkioDeviceWriteIOps)),
    ...flags("device", (host.Devices ?? []).map(deviceText)),
    ...flags("device-cgroup-rule", host.DeviceCgroupRules),
    ...flags(
      "ulimit",
      (host.Ulimits ?? []).map(({ Name, Soft, Hard }) => `${Name}=${Soft}:${Hard}`),
    ),
    ...flag("cgroup-parent", host.CgroupParent),
  ];
}

function deviceText(device: NonNullable<Resources["Devices"]>[number]): string {
  return [device.PathOnHost, device.PathInContainer, device.CgroupPermissions]
    .filter((part) => part !== "")
    .join(":");
}
