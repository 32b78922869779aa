import type { LimitSupport } from "../runtime/index.ts";

/** A host that can hold every limit, on four processors and one memory node. */
export const everyLimit: LimitSupport = {
  memory: true,
  swap: true,
  reservation: true,
  swappiness: true,
  oomKillDisable: true,
  pids: true,
  cpuShares: true,
  cpuQuota: true,
  cpuRealtime: true,
  cpuset: true,
  blockWeight: true,
  blockWeightDevice: true,
  blockThrottle: true,
  processors: 4,
  cpus: "0-3",
  memoryNodes: "0",
};

/** A host whose cgroups can hold nothing at all. */
export const noLimit: LimitSupport = {
  memory: false,
  swap: false,
  reservation: false,
  swappiness: false,
  oomKillDisable: false,
  pids: false,
  cpuShares: false,
  cpuQuota: false,
  cpuRealtime: false,
  cpuset: false,
  blockWeight: false,
  blockWeightDevice: false,
  blockThrottle: false,
  processors: 4,
  cpus: "",
  memoryNodes: "",
};
