import { EngineError, parseBytes, parseSignal } from "../base/index.ts";
import type { ContainerConfig, HostConfig } from "../wire/index.ts";
import { expandPorts, publishRequests } from "./ports.ts";
import { parseRestartPolicy } from "./restart-policy.ts";
import { readSecurity } from "./security.ts";

const minimumMemory = 6 * 1024 ** 2;

/** Throws `invalid` (with Docker's words) for a config that could never run; returns warnings. Pure. */
export function validateConfig(config: ContainerConfig, host: HostConfig): string[] {
  checkResources(host);
  checkLifecycle(config, host);
  checkNamespaces(host);
  readSecurity(host.SecurityOpt ?? []);
  checkUnserved(host);
  parseLogOptions(host.LogConfig);
  publishRequests({
    bindings: host.PortBindings ?? {},
    exposed: Object.keys(config.ExposedPorts ?? {}),
    publishAll: host.PublishAllPorts ?? false,
  });
  expandPorts(Object.keys(config.ExposedPorts ?? {}));
  checkEnv(config.Env ?? []);
  if (config.WorkingDir && !config.WorkingDir.startsWith("/")) {
    throw invalid(
      `the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`,
      config.WorkingDir,
    );
  }
  return warningsOf(host);
}

/** What Docker knows and this engine does not do is refused rather than ignored. */
function checkUnserved(host: HostConfig): void {
  if (Object.keys(host.StorageOpt ?? {}).length > 0) {
    throw invalid("--storage-opt is supported only for overlay over xfs with 'pquota' mount option");
  }
  if (host.VolumeDriver && host.VolumeDriver !== "local") {
    throw invalid(
      `error looking up volume plugin ${host.VolumeDriver}: plugin "${host.VolumeDriver}" not found`,
    );
  }
  if ((host.DeviceRequests ?? []).length > 0) {
    throw invalid(
      'could not select device driver "" with the requested capabilities: device requests are not supported',
    );
  }
}

/** Limits alone, as `create` and `update` share them. */
export function checkResources(host: HostConfig): void {
  const memory = host.Memory ?? 0;
  const swap = host.MemorySwap ?? 0;
  if (memory !== 0 && memory < minimumMemory) throw invalid("Minimum memory limit allowed is 6MB");
  if (memory > 0 && swap > 0 && swap < memory) {
    throw invalid("Minimum memoryswap limit should be larger than memory limit, see usage");
  }
  if (memory === 0 && swap > 0) {
    throw invalid("You should always set the Memory limit when using Memoryswap limit, see usage");
  }
  if ((host.MemoryReservation ?? 0) > 0 && memory > 0 && memory < (host.MemoryReservation ?? 0)) {
    throw invalid("Minimum memory limit can not be less than memory reservation limit, see usage");
  }
  const swappiness = host.MemorySwappiness ?? -1;
  if (swappiness < -1 || swappiness > 100) {
    throw invalid(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  }
  checkCpu(host);
}

function checkCpu(host: HostConfig): void {
  const { NanoCpus: nano = 0, CpuPeriod: period = 0, CpuQuota: quota = 0 } = host;
  if (nano < 0) throw invalid("invalid CPU limit: NanoCpus cannot be negative");
  if (nano > 0 && (period > 0 || quota > 0)) {
    throw invalid("Conflicting options: Nano CPUs and CPU Period cannot both be set");
  }
  if (period !== 0 && (period < 1000 || period > 1_000_000)) {
    throw invalid("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  }
  if (quota > 0 && quota < 1000) throw invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)");
  const badSet = [host.CpusetCpus ?? "", host.CpusetMems ?? ""].find((set) => !/^[\d,-]*$/.test(set));
  if (badSet !== undefined) throw invalid(`Invalid value ${badSet} for cpuset cpus`, badSet);
}

function checkLifecycle(config: ContainerConfig, host: HostConfig): void {
  const policy = parseRestartPolicy(host.RestartPolicy);
  if (host.AutoRemove && policy.name !== "no") {
    throw invalid("can't create 'AutoRemove' container with restart policy");
  }
  if (config.StopSignal) parseSignal(config.StopSignal);
}

function checkNamespaces(host: HostConfig): void {
  const modes = [
    ["PID mode", host.PidMode, /^(host|private|container:.+)?$/],
    ["IPC mode", host.IpcMode, /^(host|private|none|shareable|container:.+)?$/],
    ["UTS mode", host.UTSMode, /^(host|private)?$/],
    ["cgroup namespace mode", host.CgroupnsMode, /^(host|private)?$/],
    ["userns mode", host.UsernsMode, /^(host)?$/],
  ] as const;
  for (const [name, value, allowed] of modes) {
    if (!allowed.test(value ?? "")) throw invalid(`invalid ${name}: ${value}`, value);
  }
  if (host.NetworkMode === "host" && Object.keys(host.Sysctls ?? {}).some((key) => key.startsWith("net."))) {
    throw invalid("sysctl net.* is not allowed in the host network namespace");
  }
}

/** Driver, size and number of log files; throws `invalid` for a driver or option that is not served. */
export function parseLogOptions(config: HostConfig["LogConfig"]): {
  driver: "local" | "none";
  maxBytes: number;
  maxFiles: number;
} {
  const type = config?.Type || "local";
  if (!["local", "json-file", "none"].includes(type)) {
    throw invalid(`logger: no log driver named '${type}' is registered`, type);
  }
  const options = config?.Config ?? {};
  const known = new Set([
    "max-size",
    "max-file",
    "compress",
    "mode",
    "max-buffer-size",
    "labels",
    "env",
    "tag",
  ]);
  const unknown = Object.keys(options).find((key) => !known.has(key));
  if (unknown !== undefined) throw invalid(`unknown log opt '${unknown}' for ${type} log driver`, unknown);
  const maxFiles = Number(options["max-file"] ?? 5);
  const size = options["max-size"] ?? "20m";
  if (!Number.isInteger(maxFiles) || maxFiles < 1) throw invalid("max-file must be a positive number");
  return {
    driver: type === "none" ? "none" : "local",
    maxBytes: size === "-1" ? Number.MAX_SAFE_INTEGER : parseBytes(size),
    maxFiles,
  };
}

function checkEnv(env: readonly string[]): void {
  for (const entry of env) {
    if (entry === "" || entry.startsWith("=")) {
      throw invalid(`invalid environment variable: ${entry}`, entry);
    }
    if (entry.includes("\0")) throw invalid("invalid environment variable: contains a zero byte");
  }
}

function warningsOf(host: HostConfig): string[] {
  const warnings: string[] = [];
  if (host.OomKillDisable && !host.Memory) {
    warnings.push(
      "OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.",
    );
  }
  if (host.Isolation && host.Isolation !== "default") {
    throw invalid(`Invalid isolation: "${host.Isolation}"`);
  }
  return warnings;
}

function invalid(message: string, subject = ""): EngineError {
  return new EngineError("invalid", message, { subject });
}
