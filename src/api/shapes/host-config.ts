import type { HostConfig } from "../../wire/index.ts";

/**
 * A host config as inspect shows it: every field that Docker shows is there, with Docker's zero value where nothing
 * was asked. What comes out of here can be posted to create.
 */
export function hostConfigShape(host: HostConfig): HostConfig {
  return {
    ...general,
    ...limits,
    ...Object.fromEntries(Object.entries(host).filter(([name, value]) => !isOmitted(name, value))),
  };
}

const general: HostConfig = {
  Binds: null,
  ContainerIDFile: "",
  NetworkMode: "bridge",
  PortBindings: {},
  AutoRemove: false,
  VolumeDriver: "",
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: "host",
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: "private",
  Cgroup: "",
  Links: null,
  OomScoreAdj: 0,
  PidMode: "",
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: "",
  UsernsMode: "",
  Isolation: "",
  MaskedPaths: null,
  ReadonlyPaths: null,
};

const limits: HostConfig = {
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: "",
  BlkioWeight: 0,
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: "",
  CpusetMems: "",
  Devices: [],
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: null,
  PidsLimit: null,
  Ulimits: [],
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
};

/** Docker leaves these out when they say nothing. */
const omitted: ReadonlySet<string> = new Set([
  "Annotations",
  "Init",
  "KernelMemory",
  "Mounts",
  "StorageOpt",
  "Sysctls",
  "Tmpfs",
]);
/** Docker shows null for an empty one of these. */
const nulls: ReadonlySet<string> = new Set(
  ["Binds", "VolumesFrom", "CapAdd", "CapDrop", "ExtraHosts", "GroupAdd", "Links", "SecurityOpt"].concat([
    "DeviceCgroupRules",
    "DeviceRequests",
  ]),
);

function isOmitted(name: string, value: unknown): boolean {
  if (value === undefined || value === null) return !(name in general) && !(name in limits);
  const empty = value === 0 || (typeof value === "object" && Object.keys(value).length === 0);
  return empty && (omitted.has(name) || nulls.has(name));
}
