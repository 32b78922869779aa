import type { LimitSupport } from "../../runtime/index.ts";
import type { Resources } from "../../wire/index.ts";
import { invalid, unsupported, type Warn } from "./invalid.ts";
import { parseNumberList } from "./number-list.ts";

const fewestShares = 2;
const mostShares = 262_144;

type Cpu = Pick<
  Resources,
  "NanoCpus" | "CpuShares" | "CpuPeriod" | "CpuQuota" | "CpuRealtimePeriod" | "CpuRealtimeRuntime"
>;

/** Shares, quota, period and real time. */
export function fitCpu(wanted: Resources, support: LimitSupport, warn: Warn): Cpu {
  checkNanoCpus(wanted, support);
  checkRealtime(wanted, support);
  return {
    NanoCpus: wanted.NanoCpus ?? 0,
    CpuShares: fitShares(wanted.CpuShares ?? 0, support, warn),
    ...fitQuota(wanted, support, warn),
    CpuRealtimePeriod: wanted.CpuRealtimePeriod ?? 0,
    CpuRealtimeRuntime: wanted.CpuRealtimeRuntime ?? 0,
  };
}

function checkNanoCpus(wanted: Resources, support: LimitSupport): void {
  const { NanoCpus: nano = 0, CpuPeriod: period = 0, CpuQuota: quota = 0 } = wanted;
  if (nano > 0 && period > 0) {
    throw invalid("Conflicting options: Nano CPUs and CPU Period cannot both be set");
  }
  if (nano > 0 && quota > 0) throw invalid("Conflicting options: Nano CPUs and CPU Quota cannot both be set");
  if (nano > 0 && !support.cpuQuota) {
    throw invalid(
      "NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted",
    );
  }
  const { processors } = support;
  if (nano < 0 || nano > processors * 1e9) {
    throw invalid(
      `range of CPUs is from 0.01 to ${processors}.00, as there are only ${processors} CPUs available`,
    );
  }
}

/** Docker clamps what clients of old asked for; the kernel would do the same. */
function fitShares(shares: number, support: LimitSupport, warn: Warn): number {
  if (shares < 0) throw invalid(`invalid CPU shares (${shares}): value must be a positive integer`);
  if (shares > 0 && !support.cpuShares) {
    warn("Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.");
    return 0;
  }
  return shares === 0 ? 0 : Math.min(mostShares, Math.max(fewestShares, shares));
}

function fitQuota(
  wanted: Resources,
  support: LimitSupport,
  warn: Warn,
): Pick<Resources, "CpuPeriod" | "CpuQuota"> {
  const { CpuPeriod: period = 0, CpuQuota: quota = 0 } = wanted;
  if ((period !== 0 || quota !== 0) && !support.cpuQuota) {
    warn(unsupported("CPU CFS scheduler", "CPU period/quota", ""));
    return { CpuPeriod: 0, CpuQuota: 0 };
  }
  if (period !== 0 && (period < 1000 || period > 1_000_000)) {
    throw invalid("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  }
  if (quota > 0 && quota < 1000) throw invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)");
  return { CpuPeriod: period, CpuQuota: quota };
}

function checkRealtime(wanted: Resources, support: LimitSupport): void {
  const { CpuRealtimePeriod: period = 0, CpuRealtimeRuntime: runtime = 0 } = wanted;
  if (period !== 0 && !support.cpuRealtime) {
    throw invalid("Your kernel does not support cgroup cpu real-time period");
  }
  if (runtime !== 0 && !support.cpuRealtime) {
    throw invalid("Your kernel does not support cgroup cpu real-time runtime");
  }
  if (period !== 0 && runtime > period) {
    throw invalid("cpu real-time runtime cannot be higher than cpu real-time period");
  }
}

/** Processors and memory nodes by number. */
export function fitCpuset(
  wanted: Resources,
  support: LimitSupport,
  warn: Warn,
): Pick<Resources, "CpusetCpus" | "CpusetMems"> {
  const { CpusetCpus: cpus = "", CpusetMems: nodes = "" } = wanted;
  if ((cpus !== "" || nodes !== "") && !support.cpuset) {
    warn("Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded.");
    return { CpusetCpus: "", CpusetMems: "" };
  }
  checkChoice(cpus, support.cpus, { short: "cpus", long: "CPUs" });
  checkChoice(nodes, support.memoryNodes, { short: "mems", long: "memory nodes" });
  return { CpusetCpus: cpus, CpusetMems: nodes };
}

function checkChoice(
  wanted: string,
  available: string,
  name: { readonly short: string; readonly long: string },
): void {
  if (wanted === "") return;
  const chosen = parseNumberList(wanted);
  if (chosen === undefined) {
    throw invalid(`Invalid value ${wanted} for cpuset ${name.short}: invalid format: ${wanted}`, wanted);
  }
  const known = parseNumberList(available);
  if (known === undefined || [...chosen].every((number) => known.has(number))) return;
  throw invalid(
    `Requested ${name.long} are not available - requested ${wanted}, available: ${available}`,
    wanted,
  );
}
