import { EngineError } from "../base/index.ts";
import type {
  ContainerConfig,
  ContainerCreateRequest,
  EndpointSettings,
  ExecCreateRequest,
  HealthConfig,
  HostConfig,
  MountSpec,
  PortBinding,
  Resources,
} from "../wire/index.ts";
import {
  anything,
  type Decoder,
  flag,
  full,
  list,
  map,
  nullable,
  partial,
  text,
  whole,
  words,
} from "./decode.ts";

const health = partial<HealthConfig>(
  {
    Test: words,
    Interval: whole,
    Timeout: whole,
    StartPeriod: whole,
    StartInterval: whole,
    Retries: whole,
  },
  "HealthConfig",
);

const configFields: { readonly [K in keyof ContainerConfig]-?: Decoder<NonNullable<ContainerConfig[K]>> } = {
  Hostname: text,
  Domainname: text,
  User: text,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ExposedPorts: map(anything),
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  Env: list(text),
  Cmd: words,
  Entrypoint: words,
  Healthcheck: health,
  Image: text,
  Volumes: map(anything),
  WorkingDir: text,
  NetworkDisabled: flag,
  MacAddress: text,
  OnBuild: list(text),
  Labels: map(text),
  StopSignal: text,
  StopTimeout: whole,
  Shell: words,
};

const portBinding = partial<PortBinding>({ HostIp: text, HostPort: text }, "PortBinding");

const mount: Decoder<MountSpec> = (value, place) => ({
  ...full<Pick<MountSpec, "Type" | "Target">>({ Type: text, Target: text }, "Mount")(value, place),
  ...partial<Omit<MountSpec, "Type" | "Target">>(
    {
      Source: text,
      ReadOnly: flag,
      Consistency: text,
      BindOptions: partial<NonNullable<MountSpec["BindOptions"]>>({
        Propagation: text,
        NonRecursive: flag,
        CreateMountpoint: flag,
        ReadOnlyNonRecursive: flag,
        ReadOnlyForceRecursive: flag,
      }),
      ImageOptions: partial<NonNullable<MountSpec["ImageOptions"]>>({ Subpath: text }),
      VolumeOptions: partial<NonNullable<MountSpec["VolumeOptions"]>>({
        NoCopy: flag,
        Labels: map(text),
        DriverConfig: partial<{ Name?: string; Options?: Record<string, string> }>({
          Name: text,
          Options: map(text),
        }),
        Subpath: text,
      }),
      TmpfsOptions: partial<NonNullable<MountSpec["TmpfsOptions"]>>({
        SizeBytes: whole,
        Mode: whole,
        Options: list(list(text)),
      }),
    },
    "Mount",
  )(value, place),
});

const throttle = full({ Path: text, Rate: whole }, "ThrottleDevice");

const resourceFields: { readonly [K in keyof Resources]-?: Decoder<NonNullable<Resources[K]>> } = {
  Memory: whole,
  MemoryReservation: whole,
  MemorySwap: whole,
  MemorySwappiness: whole,
  OomKillDisable: flag,
  NanoCpus: whole,
  CpuShares: whole,
  CpuPeriod: whole,
  CpuQuota: whole,
  CpuRealtimePeriod: whole,
  CpuRealtimeRuntime: whole,
  CpusetCpus: text,
  CpusetMems: text,
  PidsLimit: whole,
  BlkioWeight: whole,
  CgroupParent: text,
  Devices: list(full({ PathOnHost: text, PathInContainer: text, CgroupPermissions: text }, "DeviceMapping")),
  DeviceCgroupRules: list(text),
  Ulimits: list(full({ Name: text, Soft: whole, Hard: whole }, "Ulimit")),
  BlkioWeightDevice: list(full({ Path: text, Weight: whole }, "WeightDevice")),
  BlkioDeviceReadBps: list(throttle),
  BlkioDeviceWriteBps: list(throttle),
  BlkioDeviceReadIOps: list(throttle),
  BlkioDeviceWriteIOps: list(throttle),
  DeviceRequests: list(anything),
  KernelMemory: whole,
  CpuCount: whole,
  CpuPercent: whole,
  IOMaximumIOps: whole,
  IOMaximumBandwidth: whole,
};

const restartPolicy = partial<NonNullable<HostConfig["RestartPolicy"]>>(
  { Name: text, MaximumRetryCount: whole },
  "RestartPolicy",
);

const consoleSize: Decoder<[number, number]> = (value, place) => {
  const [height = 0, width = 0] = list(whole)(value, place);
  return [height, width];
};

const hostConfig = partial<HostConfig>(
  {
    ...resourceFields,
    Binds: list(text),
    Mounts: list(mount),
    ContainerIDFile: text,
    LogConfig: partial<NonNullable<HostConfig["LogConfig"]>>({ Type: text, Config: map(text) }, "LogConfig"),
    NetworkMode: text,
    PortBindings: map(nullable(list(portBinding))),
    PublishAllPorts: flag,
    RestartPolicy: restartPolicy,
    AutoRemove: flag,
    VolumeDriver: text,
    VolumesFrom: list(text),
    ConsoleSize: consoleSize,
    Annotations: map(text),
    CapAdd: list(text),
    CapDrop: list(text),
    CgroupnsMode: text,
    Dns: list(text),
    DnsOptions: list(text),
    DnsSearch: list(text),
    ExtraHosts: list(text),
    GroupAdd: list(text),
    IpcMode: text,
    Links: list(text),
    OomScoreAdj: whole,
    PidMode: text,
    Privileged: flag,
    ReadonlyRootfs: flag,
    SecurityOpt: list(text),
    StorageOpt: map(text),
    Tmpfs: map(text),
    UTSMode: text,
    UsernsMode: text,
    ShmSize: whole,
    Sysctls: map(text),
    Runtime: text,
    Init: flag,
    MaskedPaths: list(text),
    ReadonlyPaths: list(text),
    Isolation: text,
    Cgroup: text,
  },
  "HostConfig",
);

/** What a client may say about one endpoint of a container. */
export const endpointSettings: Decoder<EndpointSettings> = partial<EndpointSettings>(
  {
    IPAMConfig: partial<NonNullable<EndpointSettings["IPAMConfig"]>>({
      IPv4Address: text,
      IPv6Address: text,
      LinkLocalIPs: list(text),
    }),
    Links: list(text),
    Aliases: list(text),
    MacAddress: text,
    DriverOpts: map(text),
    GwPriority: whole,
    NetworkID: text,
    EndpointID: text,
    Gateway: text,
    IPAddress: text,
    IPPrefixLen: whole,
    IPv6Gateway: text,
    GlobalIPv6Address: text,
    GlobalIPv6PrefixLen: whole,
    DNSNames: list(text),
  },
  "EndpointSettings",
);

const createFields: Decoder<ContainerCreateRequest> = partial<ContainerCreateRequest>({
  ...configFields,
  HostConfig: hostConfig,
  NetworkingConfig: partial<NonNullable<ContainerCreateRequest["NetworkingConfig"]>>({
    EndpointsConfig: map(nullable(endpointSettings)),
  }),
});

/** Body of `POST /containers/create`. */
export const createRequest: Decoder<ContainerCreateRequest> = (value, place) => {
  if (value !== null) return createFields(value, place);
  throw new EngineError("invalid", "Config cannot be empty in order to create a container", { subject: "" });
};

/** A bare config, as `POST /commit` takes it. */
export const containerConfig: Decoder<ContainerConfig> = partial<ContainerConfig>(configFields);

/** Body of `POST /containers/{id}/update`. */
export const updateRequest: Decoder<Resources & Pick<HostConfig, "RestartPolicy">> = partial<
  Resources & Pick<HostConfig, "RestartPolicy">
>({ ...resourceFields, RestartPolicy: restartPolicy }, "UpdateConfig");

/** Body of `POST /containers/{id}/exec`. */
export const execRequest: Decoder<ExecCreateRequest> = partial<ExecCreateRequest>({
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  DetachKeys: text,
  Tty: flag,
  Env: list(text),
  Cmd: words,
  Privileged: flag,
  User: text,
  WorkingDir: text,
  ConsoleSize: consoleSize,
});

/** Body of `POST /exec/{id}/start`. */
export const execStartRequest = full<{ Detach: boolean; Tty: boolean; ConsoleSize: [number, number] }>({
  Detach: flag,
  Tty: flag,
  ConsoleSize: consoleSize,
});
