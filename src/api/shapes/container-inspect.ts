import {
  type ContainerRecord,
  countsAsRunning,
  type HealthView,
  isLive,
  logPathOf,
  type MountRecord,
  networkFiles,
} from "../../container/index.ts";
import type { NetworkService } from "../../network/index.ts";
import type { ContainerInspect, ContainerState, MountPoint } from "../../wire/index.ts";
import { endpointMap, liveSandbox, portMap } from "./container-network.ts";
import { configOrder, hostConfigOrder, inOrder, networkSettingsOrder, sorted } from "./field-order.ts";
import { hostConfigShape } from "./host-config.ts";
import { timeOrNever } from "./time.ts";

export interface InspectParts {
  readonly record: ContainerRecord;
  readonly health: HealthView | undefined;
  readonly execIDs: readonly string[];
  readonly network: Pick<NetworkService, "findSandbox" | "get">;
  readonly paths: { readonly containers: string; readonly tasks: string };
  readonly graph: Readonly<Record<string, string>>;
}

/** `GET /containers/{id}/json`. */
export function containerInspect(parts: InspectParts): ContainerInspect {
  const { record } = parts;
  const command = [...(record.config.Entrypoint ?? []), ...(record.config.Cmd ?? [])].filter(
    (word, at) => at > 0 || word !== "",
  );
  const files = networkFiles(parts.paths, record);
  return {
    Id: record.id,
    Created: record.created,
    Path: command[0] ?? "",
    Args: command.slice(1),
    State: stateShape(record, parts.health),
    Image: record.image,
    ResolvConfPath: files.resolvConf,
    HostnamePath: files.hostname,
    HostsPath: files.hosts,
    LogPath: logPathOf(parts.paths, record),
    Name: `/${record.name}`,
    RestartCount: record.state.restartCount,
    Driver: "overlay2",
    Platform: "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: parts.execIDs.length > 0 ? [...parts.execIDs] : null,
    HostConfig: inOrder(hostConfigShape(record.hostConfig), hostConfigOrder),
    GraphDriver: { Name: "overlay2", Data: { ...parts.graph } },
    Mounts: record.mounts
      .filter((mount) => mount.type !== "tmpfs" || hasMountSpec(record, mount))
      .map(mountPoint),
    Config: inOrder({ ...record.config, Labels: sorted(record.config.Labels ?? {}) }, configOrder),
    NetworkSettings: inOrder(networkSettings(parts), networkSettingsOrder),
  };
}

/** The mounts of a container as inspect and `docker ps` show them. */
export function mountPoint(mount: MountRecord): MountPoint {
  return {
    Type: mount.type,
    ...(mount.name === undefined ? {} : { Name: mount.name }),
    Source: mount.source,
    Destination: mount.destination,
    ...(mount.type === "volume" ? { Driver: "local" } : {}),
    Mode: mount.mode,
    RW: mount.writable,
    Propagation: mount.propagation,
  };
}

function hasMountSpec(record: ContainerRecord, mount: MountRecord): boolean {
  return (record.hostConfig.Mounts ?? []).some((spec) => spec.Target === mount.destination);
}

function stateShape(record: ContainerRecord, health: HealthView | undefined): ContainerState {
  const { state } = record;
  return {
    Status: state.phase,
    Running: countsAsRunning(state),
    Paused: state.phase === "paused",
    Restarting: state.phase === "restarting",
    OOMKilled: state.oomKilled,
    Dead: state.phase === "dead",
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: timeOrNever(state.startedAt),
    FinishedAt: timeOrNever(state.finishedAt),
    ...(health ? { Health: healthShape(health) } : {}),
  };
}

function healthShape(health: HealthView): NonNullable<ContainerState["Health"]> {
  return {
    Status: health.status,
    FailingStreak: health.failingStreak,
    Log: health.log.map((probe) => ({
      Start: probe.start,
      End: probe.end,
      ExitCode: probe.exitCode,
      Output: probe.output,
    })),
  };
}

function networkSettings(parts: InspectParts): ContainerInspect["NetworkSettings"] {
  const { record } = parts;
  const sandbox = liveSandbox(parts.network, record);
  const networks = endpointMap(parts.network, record, sandbox);
  // The address at the top is that of the default bridge alone.
  const main = networks.bridge;
  return {
    Bridge: "",
    SandboxID: isLive(record.state) && sandbox ? record.id : "",
    SandboxKey: sandbox?.path ?? "",
    Ports: portMap(record, sandbox),
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    GlobalIPv6Address: main?.GlobalIPv6Address ?? "",
    GlobalIPv6PrefixLen: main?.GlobalIPv6PrefixLen ?? 0,
    IPv6Gateway: main?.IPv6Gateway ?? "",
    EndpointID: main?.EndpointID ?? "",
    Gateway: main?.Gateway ?? "",
    IPAddress: main?.IPAddress ?? "",
    IPPrefixLen: main?.IPPrefixLen ?? 0,
    MacAddress: main?.MacAddress ?? "",
    Networks: networks,
  };
}
