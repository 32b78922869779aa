import type { LinuxResources } from "../oci/index.ts";
import type { HostConfig } from "../wire/index.ts";
import { blockIO } from "./block-io.ts";

/** The cgroup limits that a host config asks for; zero and absent mean no limit. Looks up named block devices. */
export function resourcesOf(host: HostConfig): LinuxResources {
  const memory = memoryOf(host);
  const cpu = cpuOf(host);
  const pids = host.PidsLimit ?? 0;
  const io = blockIO(host);
  return {
    ...(memory ? { memory } : {}),
    ...(cpu ? { cpu } : {}),
    ...(pids > 0 ? { pids: { limit: pids } } : {}),
    ...(io ? { blockIO: io } : {}),
  };
}

function memoryOf(host: HostConfig): LinuxResources["memory"] | undefined {
  const limit = host.Memory ?? 0;
  const swap = host.MemorySwap || (limit > 0 ? limit * 2 : 0);
  const swappiness = host.MemorySwappiness ?? -1;
  const memory = {
    ...(limit > 0 ? { limit } : {}),
    ...(limit > 0 && swap !== 0 ? { swap } : {}),
    ...(host.MemoryReservation ? { reservation: host.MemoryReservation } : {}),
    ...(swappiness >= 0 ? { swappiness } : {}),
    ...(host.OomKillDisable ? { disableOOMKiller: true } : {}),
  };
  return Object.keys(memory).length > 0 ? memory : undefined;
}

function cpuOf(host: HostConfig): LinuxResources["cpu"] | undefined {
  const nano = host.NanoCpus ?? 0;
  const period = nano > 0 ? 100_000 : (host.CpuPeriod ?? 0);
  const quota = nano > 0 ? Math.round((nano * period) / 1e9) : (host.CpuQuota ?? 0);
  const cpu = {
    ...(host.CpuShares ? { shares: host.CpuShares } : {}),
    ...(period ? { period } : {}),
    ...(quota ? { quota } : {}),
    ...(host.CpusetCpus ? { cpus: host.CpusetCpus } : {}),
    ...(host.CpusetMems ? { mems: host.CpusetMems } : {}),
    ...(host.CpuRealtimePeriod ? { realtimePeriod: host.CpuRealtimePeriod } : {}),
    ...(host.CpuRealtimeRuntime ? { realtimeRuntime: host.CpuRealtimeRuntime } : {}),
  };
  return Object.keys(cpu).length > 0 ? cpu : undefined;
}
