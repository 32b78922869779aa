import type { HostConfig, PortMap, Resources } from "../../wire/index.ts";
import { defined, type Fields } from "./fields.ts";
import { entriesAt, textAt, textOf } from "./tree.ts";

/** The part of `HostConfig` that a service fixes for all of its containers; networks and mounts come later. */
export function hostConfig(service: Fields): HostConfig {
  const ports = portBindings(service);
  return defined({
    ...resources(service),
    ...security(service),
    ...names(service),
    PortBindings: Object.keys(ports).length === 0 ? undefined : ports,
    RestartPolicy: restartPolicy(service),
    LogConfig: service.has("logging")
      ? {
          Type: service.under("logging").text("driver") ?? "",
          Config: service.under("logging").map("options"),
        }
      : undefined,
    Annotations: mapOrNothing(service, "annotations"),
    Tmpfs: tmpfs(service),
    Init: service.flag("init"),
    Runtime: service.text("runtime"),
    ShmSize: service.bytes("shm_size"),
    Sysctls: mapOrNothing(service, "sysctls"),
  });
}

function resources(service: Fields): Resources {
  const limits = service.under("deploy").under("resources").under("limits");
  const reserved = service.under("deploy").under("resources").under("reservations");
  const cpus = limits.number("cpus") ?? service.number("cpus");
  return {
    ...defined({
      Memory: limits.bytes("memory") ?? service.bytes("mem_limit"),
      MemoryReservation: reserved.bytes("memory") ?? service.bytes("mem_reservation"),
      MemorySwap: service.bytes("memswap_limit"),
      MemorySwappiness: service.number("mem_swappiness"),
      NanoCpus: cpus === undefined ? undefined : Math.round(cpus * 1e9),
      PidsLimit: limits.number("pids") ?? service.number("pids_limit"),
      OomKillDisable: service.flag("oom_kill_disable"),
      DeviceCgroupRules: textsOrNothing(service, "device_cgroup_rules"),
      Devices: devices(service),
      Ulimits: ulimits(service),
      CgroupParent: service.text("cgroup_parent"),
    }),
    ...processorShares(service),
  };
}

function processorShares(service: Fields): Resources {
  return defined({
    CpuShares: service.number("cpu_shares"),
    CpuPeriod: microseconds(service, "cpu_period"),
    CpuQuota: microseconds(service, "cpu_quota"),
    CpuRealtimePeriod: microseconds(service, "cpu_rt_period"),
    CpuRealtimeRuntime: microseconds(service, "cpu_rt_runtime"),
    CpusetCpus: service.text("cpuset"),
  });
}

/** A plain number is microseconds; with a unit it is a duration. */
function microseconds(service: Fields, key: string): number | undefined {
  if (/^-?\d+$/.test(service.text(key) ?? "")) return service.number(key);
  const nanoseconds = service.duration(key);
  return nanoseconds === undefined ? undefined : Math.round(nanoseconds / 1000);
}

function security(service: Fields): HostConfig {
  return defined({
    Privileged: service.flag("privileged"),
    ReadonlyRootfs: service.flag("read_only"),
    CapAdd: textsOrNothing(service, "cap_add"),
    CapDrop: textsOrNothing(service, "cap_drop"),
    SecurityOpt: textsOrNothing(service, "security_opt"),
    GroupAdd: textsOrNothing(service, "group_add"),
    OomScoreAdj: service.number("oom_score_adj"),
    CgroupnsMode: service.text("cgroup"),
    UsernsMode: service.text("userns_mode"),
    UTSMode: service.text("uts"),
    IpcMode: service.text("ipc"),
    PidMode: service.text("pid"),
  });
}

function names(service: Fields): HostConfig {
  const hosts = service.texts("extra_hosts").map((line) => line.replace("=", ":"));
  return defined({
    Dns: textsOrNothing(service, "dns"),
    DnsOptions: textsOrNothing(service, "dns_opt"),
    DnsSearch: textsOrNothing(service, "dns_search"),
    ExtraHosts: hosts.length === 0 ? undefined : hosts,
  });
}

function portBindings(service: Fields): PortMap {
  const bindings: PortMap = {};
  for (const port of service.items("ports")) {
    const key = `${port.text("target")}/${port.text("protocol")}`;
    const binding = defined({ HostIp: port.text("host_ip"), HostPort: port.text("published") ?? "" });
    bindings[key] = [...(bindings[key] ?? []), binding];
  }
  return bindings;
}

function restartPolicy(service: Fields): HostConfig["RestartPolicy"] | undefined {
  const text = service.text("restart");
  if (text !== undefined) {
    const match = /^(no|always|unless-stopped|on-failure)(?::(\d+))?$/.exec(text);
    if (!match || (match[2] !== undefined && match[1] !== "on-failure")) {
      throw service.wrong("restart", `has an invalid value '${text}'`);
    }
    return { Name: match[1] ?? "no", MaximumRetryCount: Number(match[2] ?? 0) };
  }
  const policy = service.under("deploy").under("restart_policy");
  if (policy.tree === undefined) return undefined;
  const condition = policy.text("condition") ?? "any";
  const known: Readonly<Record<string, string>> = { none: "no", any: "always", "on-failure": "on-failure" };
  const name = known[condition];
  if (name === undefined) throw policy.wrong("condition", `has an invalid value '${condition}'`);
  return { Name: name, MaximumRetryCount: name === "on-failure" ? (policy.number("max_attempts") ?? 0) : 0 };
}

function tmpfs(service: Fields): Record<string, string> | undefined {
  const lines = service.texts("tmpfs");
  if (lines.length === 0) return undefined;
  return Object.fromEntries(
    lines.map((line) => {
      const [path, ...options] = line.split(":");
      return [path ?? "", options.join(":")];
    }),
  );
}

function devices(service: Fields): HostConfig["Devices"] | undefined {
  const given = service.items("devices");
  if (given.length === 0) return undefined;
  return given.map(({ tree }) => {
    const [source = "", target, permissions] = textOf(tree)?.split(":") ?? [
      textAt(tree, "source") ?? "",
      textAt(tree, "target"),
      textAt(tree, "permissions"),
    ];
    return { PathOnHost: source, PathInContainer: target ?? source, CgroupPermissions: permissions ?? "rwm" };
  });
}

function ulimits(service: Fields): HostConfig["Ulimits"] | undefined {
  const given = entriesAt(service.tree, "ulimits");
  if (given.length === 0) return undefined;
  return given.map(([name, value]) => {
    const both = textOf(value);
    const soft = Number(both ?? textAt(value, "soft") ?? textAt(value, "hard") ?? 0);
    const hard = Number(both ?? textAt(value, "hard") ?? textAt(value, "soft") ?? 0);
    return { Name: name, Soft: soft, Hard: hard };
  });
}

function textsOrNothing(service: Fields, key: string): string[] | undefined {
  const texts = service.texts(key);
  return texts.length === 0 ? undefined : texts;
}

function mapOrNothing(service: Fields, key: string): Record<string, string> | undefined {
  const map = service.map(key);
  return Object.keys(map).length === 0 ? undefined : map;
}
