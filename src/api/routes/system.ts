import { readdirSync } from "node:fs";
import { defaultLogs, logDrivers } from "../../container/index.ts";
import type { Engine } from "../../engine/index.ts";
import type { SystemInfo, VersionResponse } from "../../wire/index.ts";
import { json, type Reply } from "../call.ts";
import { type Route, route } from "../routes.ts";
import { registriesInfo } from "../shapes/registries.ts";
import { newestVersion, oldestVersion } from "../version.ts";

export interface SystemRoutesNeeds {
  readonly engine: Pick<
    Engine,
    "events" | "options" | "identity" | "host" | "abilities" | "containers" | "images" | "runtime"
  >;
  /** Version of this package. */
  readonly engineVersion: string;
  /** The log says more. */
  readonly debug: boolean;
}

/** Who and what this engine is. */
export function systemRoutes(needs: SystemRoutesNeeds): Route[] {
  return [
    route("GET", "/_ping", () => ping("OK")),
    route("HEAD", "/_ping", () => ping("")),
    route("GET", "/version", () => json(version(needs))),
    route("GET", "/info", () => json(info(needs))),
  ];
}

function ping(body: string): Reply {
  return {
    kind: "text",
    status: 200,
    body,
    headers: {
      "Builder-Version": "1",
      Swarm: "inactive",
      "Cache-Control": "no-cache, no-store, must-revalidate",
      Pragma: "no-cache",
    },
  };
}

function version(needs: SystemRoutesNeeds): VersionResponse {
  const { host } = needs.engine;
  const details = {
    ApiVersion: newestVersion,
    Arch: host.goArchitecture,
    BuildTime: "",
    Experimental: "false",
    GitCommit: "",
    GoVersion: "",
    KernelVersion: host.kernel,
    MinAPIVersion: oldestVersion,
    Os: "linux",
  };
  return {
    Platform: { Name: "Gantry" },
    Components: [{ Name: "Engine", Version: needs.engineVersion, Details: details }],
    Version: needs.engineVersion,
    ApiVersion: newestVersion,
    MinAPIVersion: oldestVersion,
    GitCommit: "",
    GoVersion: "",
    Os: "linux",
    Arch: host.goArchitecture,
    KernelVersion: host.kernel,
    BuildTime: "",
  };
}

function info(needs: SystemRoutesNeeds): SystemInfo {
  const { engine } = needs;
  const { host, abilities, options } = engine;
  const phases = engine.containers.store.list().map((record) => record.state.phase);
  const count = (...wanted: readonly string[]) => phases.filter((phase) => wanted.includes(phase)).length;
  return {
    ...abilitiesInfo(needs),
    ID: engine.identity.id,
    Containers: phases.length,
    ContainersRunning: count("running", "restarting"),
    ContainersPaused: count("paused"),
    ContainersStopped: count("created", "exited", "dead", "removing"),
    Images: engine.images.list().length,
    Driver: "overlay2",
    DriverStatus: [["Backing Filesystem", host.filesystem]],
    DockerRootDir: options.root,
    Plugins: {
      Volume: ["local"],
      Network: ["bridge", "host", "null"],
      Authorization: null,
      Log: [...logDrivers],
    },
    CgroupDriver: "cgroupfs",
    CgroupVersion: abilities.cgroup === "v2" ? "2" : "1",
    KernelVersion: host.kernel,
    OperatingSystem: host.operatingSystem,
    OSVersion: host.osVersion,
    OSType: "linux",
    Architecture: host.architecture,
    NCPU: host.processors,
    MemTotal: host.memory,
    Name: host.name,
    ServerVersion: needs.engineVersion,
    DefaultRuntime: engine.runtime.defaultName,
    Runtimes: Object.fromEntries([...engine.runtime.available].map(([name, path]) => [name, { path }])),
    SecurityOptions: abilities.seccomp ? ["name=seccomp,profile=builtin"] : [],
    Warnings: null,
  };
}

/** What the kernel can limit here, and what is the same on every engine of ours. */
function abilitiesInfo(needs: SystemRoutesNeeds) {
  const { limits } = needs.engine.abilities;
  return {
    MemoryLimit: limits.memory,
    SwapLimit: limits.swap,
    CpuCfsPeriod: limits.cpuQuota,
    CpuCfsQuota: limits.cpuQuota,
    CPUShares: limits.cpuShares,
    CPUSet: limits.cpuset,
    PidsLimit: limits.pids,
    IPv4Forwarding: true,
    BridgeNfIptables: false,
    BridgeNfIp6tables: false,
    OomKillDisable: limits.oomKillDisable,
    Debug: needs.debug,
    NFd: readdirSync("/proc/self/fd").length,
    NGoroutines: 0,
    NEventsListener: needs.engine.events.listeners,
    SystemTime: new Date().toISOString(),
    LoggingDriver: needs.engine.options.logs?.driver ?? defaultLogs.driver,
    IndexServerAddress: "https://index.docker.io/v1/",
    ...registriesInfo(needs.engine.options.registries),
    GenericResources: null,
    Labels: [],
    ExperimentalBuild: false,
    LiveRestoreEnabled: true,
    Isolation: "",
    InitBinary: "gantry-shim",
    FirewallBackend: { Driver: "nftables" },
    ContainerdCommit: { ID: "" },
    RuncCommit: { ID: "" },
    InitCommit: { ID: "" },
    ProductLicense: "",
    DefaultAddressPools: [],
    CDISpecDirs: null,
    Swarm: {
      NodeID: "",
      NodeAddr: "",
      LocalNodeState: "inactive",
      ControlAvailable: false,
      Error: "",
      RemoteManagers: null,
    },
  };
}
