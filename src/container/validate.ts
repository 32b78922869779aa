import { EngineError, parseSignal } from "../base/index.ts";
import type { ContainerConfig, HostConfig } from "../wire/index.ts";
import { parseExtraHost } from "./files.ts";
import { parseLogOptions } from "./log-config.ts";
import { expandPorts, publishRequests } from "./ports.ts";
import { parseRestartPolicy } from "./restart-policy.ts";
import { readSecurity } from "./security.ts";
import { checkSysctls } from "./sysctls.ts";
import { checkUnserved } from "./unserved.ts";

/** Throws `invalid` (with Docker's words) for a config that could never run; returns warnings. Pure. */
export function validateConfig(config: ContainerConfig, host: HostConfig): string[] {
  checkRanges(host);
  checkLifecycle(config, host);
  checkNamespaces(host);
  readSecurity(host.SecurityOpt ?? []);
  checkUnserved(host);
  checkSysctls(host);
  checkUlimits(host);
  for (const entry of host.ExtraHosts ?? []) parseExtraHost(entry);
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

function checkRanges(host: HostConfig): void {
  if ((host.ShmSize ?? 0) < 0) throw invalid("SHM size can not be less than 0");
  const score = host.OomScoreAdj ?? 0;
  if (score < -1000 || score > 1000) {
    throw invalid(`Invalid value ${score}, range for oom score adj is [-1000, 1000]`);
  }
  if (host.IOMaximumBandwidth || host.IOMaximumIOps) {
    throw invalid("Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps");
  }
}

const ulimits: ReadonlySet<string> = new Set(
  "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(
    " ",
  ),
);

function checkUlimits(host: HostConfig): void {
  for (const { Name: name, Soft: soft, Hard: hard } of host.Ulimits ?? []) {
    if (!ulimits.has(name)) throw invalid(`invalid ulimit type: ${name}`, name);
    if (hard !== -1 && (soft > hard || soft === -1)) {
      throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`, name);
    }
  }
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
    ["PID mode", host.PidMode, /^(host|container:.+)?$/],
    ["IPC mode", host.IpcMode, /^(host|private|none|shareable|container:.+)?$/],
    ["UTS mode", host.UTSMode, /^(host)?$/],
    ["cgroup namespace mode", host.CgroupnsMode, /^(host|private)?$/],
    ["userns mode", host.UsernsMode, /^(host)?$/],
  ] as const;
  for (const [name, value, allowed] of modes) {
    if (!allowed.test(value ?? "")) throw invalid(`invalid ${name}: ${value}`, value);
  }
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
  if (host.NetworkMode === "host" && Object.keys(host.PortBindings ?? {}).length > 0) {
    warnings.push("Published ports are discarded when using host network mode");
  }
  if ((host.KernelMemory ?? 0) > 0) {
    warnings.push(
      "Your kernel does not support kernel memory limit capabilities or the cgroup is not mounted. Limitation discarded.",
    );
  }
  if ((host.CpuCount ?? 0) > 0) warnings.push("linux does not support CPU count. Count discarded.");
  if ((host.CpuPercent ?? 0) > 0) warnings.push("linux does not support CPU percent. Percent discarded.");
  return warnings;
}

function invalid(message: string, subject = ""): EngineError {
  return new EngineError("invalid", message, { subject });
}
