import type { HostConfig } from "../../wire/index.ts";
import type { FlagValues } from "../flags/index.ts";
import { compact } from "./compact.ts";
import { cut, keyValues } from "./csv.ts";
import { extensionAnnotations } from "./extensions.ts";
import { parseMount } from "./mounts.ts";
import { isUserDefined } from "./networks.ts";
import type { Ports } from "./ports.ts";
import { allResources } from "./resources.ts";
import { parseRestart } from "./restart.ts";
import { readSecurityOptions } from "./security.ts";
import type { ConfigSurroundings } from "./surroundings.ts";
import { parseTmpfs, type Volumes } from "./volumes.ts";

/** What other flags have already said about the host side. */
export interface HostParts {
  readonly ports: Ports;
  readonly volumes: Volumes;
  readonly networkMode: string;
}

/** The host's side of a container's configuration; throws in Docker's words. */
export async function hostConfig(
  at: ConfigSurroundings,
  flags: FlagValues,
  parts: HostParts,
): Promise<HostConfig> {
  const security = await readSecurityOptions(at, flags.list("security-opt"));
  return {
    ...namespaces(flags),
    ...allResources(flags),
    ...lookup(flags, parts.networkMode),
    ...lifecycle(flags),
    ...compact<HostConfig>({
      Binds: parts.volumes.binds,
      Mounts: flags.list("mount").map((text) => parseMount(text, at.directory)),
      Tmpfs: parseTmpfs(flags.list("tmpfs")),
      VolumesFrom: flags.list("volumes-from"),
      VolumeDriver: flags.text("volume-driver"),
      StorageOpt: storageOptions(flags),
      ShmSize: flags.bytes("shm-size"),
      ReadonlyRootfs: flags.bool("read-only") || undefined,
      NetworkMode: parts.networkMode,
      PortBindings: parts.ports.bindings,
      PublishAllPorts: flags.bool("publish-all") || undefined,
      CapAdd: flags.list("cap-add"),
      CapDrop: flags.list("cap-drop"),
      GroupAdd: flags.list("group-add"),
      Privileged: flags.bool("privileged") || undefined,
      SecurityOpt: security.options,
      Sysctls: keyValues(flags.list("sysctl")),
      OomScoreAdj: flags.int("oom-score-adj"),
      Annotations: { ...keyValues(flags.list("annotation")), ...extensionAnnotations(flags) },
    }),
    // Empty lists say "none"; absent ones would mean the engine's defaults.
    ...(security.unmasked ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
  };
}

function namespaces(flags: FlagValues): HostConfig {
  const [pid, uts, user] = [flags.text("pid"), flags.text("uts"), flags.text("userns")];
  const cgroup = flags.text("cgroupns");
  if (!/^($|host$|container:.)/.test(pid)) throw new Error("--pid: invalid PID mode");
  if (uts !== "" && uts !== "host") throw new Error("--uts: invalid UTS mode");
  if (user !== "" && user !== "host") throw new Error("--userns: invalid USER mode");
  if (!["", "host", "private"].includes(cgroup)) throw new Error("--cgroupns: invalid CGROUP mode");
  return compact<HostConfig>({
    PidMode: pid,
    UTSMode: uts,
    UsernsMode: user,
    CgroupnsMode: cgroup,
    IpcMode: flags.text("ipc"),
  });
}

function lookup(flags: FlagValues, networkMode: string): HostConfig {
  return compact<HostConfig>({
    Dns: flags.list("dns"),
    DnsOptions: flags.list("dns-option"),
    DnsSearch: flags.list("dns-search"),
    ExtraHosts: flags.list("add-host").map(extraHost),
    // On a network of the user's, links belong to the endpoint.
    Links: isUserDefined(networkMode) ? [] : flags.list("link"),
  });
}

function extraHost(text: string): string {
  const separator = /^[^:=]*=/.test(text) ? "=" : ":";
  const [name, address] = cut(text, separator);
  if (address === undefined || address === "" || name === "") {
    throw new Error(`bad format for add-host: "${text}"`);
  }
  const bare = address.replace(/^\[(.*)\]$/, "$1");
  if (bare !== "host-gateway" && !/^[0-9a-fA-F:.]+$/.test(bare)) {
    throw new Error(`invalid IP address in add-host: "${address}"`);
  }
  return `${name}:${bare}`;
}

function lifecycle(flags: FlagValues): HostConfig {
  const restart = parseRestart(flags.text("restart"));
  const remove = flags.bool("rm");
  if (remove && restart.Name !== "" && restart.Name !== "no") {
    throw new Error("conflicting options: cannot specify both --restart and --rm");
  }
  return compact<HostConfig>({
    RestartPolicy: flags.has("restart") ? restart : undefined,
    AutoRemove: remove || undefined,
    Runtime: flags.text("runtime"),
    Init: flags.has("init") ? flags.bool("init") : undefined,
    Isolation: flags.text("isolation"),
    ContainerIDFile: flags.text("cidfile"),
    LogConfig: logConfig(flags),
  });
}

function logConfig(flags: FlagValues): HostConfig["LogConfig"] | undefined {
  const driver = flags.text("log-driver");
  const options = keyValues(flags.list("log-opt"));
  if (driver === "none" && Object.keys(options).length > 0) {
    throw new Error(`invalid logging opts for driver ${driver}`);
  }
  return compact<NonNullable<HostConfig["LogConfig"]>>({ Type: driver, Config: options });
}

function storageOptions(flags: FlagValues): Record<string, string> {
  for (const text of flags.list("storage-opt")) {
    if (!text.includes("=")) throw new Error("invalid storage option");
  }
  return keyValues(flags.list("storage-opt"));
}
