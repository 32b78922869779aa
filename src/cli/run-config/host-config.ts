import type { HostConfig, MountSpec } from "../../wire/index.ts";
import type { FlagValues } from "../flags/index.ts";
import { effectiveCapabilities } from "./capabilities.ts";
import { compact } from "./compact.ts";
import { keyValues } from "./csv.ts";
import { extensionAnnotations } from "./extensions.ts";
import { parseExtraHost } from "./hosts.ts";
import { parseMount } from "./mounts.ts";
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
  const capabilities = effectiveCapabilities(flags.list("cap-add"), flags.list("cap-drop"));
  return {
    ...namespaces(flags),
    ...allResources(flags),
    ...lookup(flags),
    ...lifecycle(flags),
    ...compact<HostConfig>({
      Binds: parts.volumes.binds,
      Mounts: [...flags.list("mount").map((text) => parseMount(text, at.directory)), ...apiSocket(at, flags)],
      Tmpfs: parseTmpfs(flags.list("tmpfs")),
      VolumesFrom: flags.list("volumes-from"),
      VolumeDriver: flags.text("volume-driver"),
      StorageOpt: storageOptions(flags),
      ShmSize: flags.bytes("shm-size"),
      ReadonlyRootfs: flags.bool("read-only") || undefined,
      NetworkMode: parts.networkMode,
      PortBindings: parts.ports.bindings,
      PublishAllPorts: flags.bool("publish-all") || undefined,
      CapAdd: capabilities.add,
      CapDrop: capabilities.drop,
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

function lookup(flags: FlagValues): HostConfig {
  return compact<HostConfig>({
    Dns: flags.list("dns"),
    DnsOptions: flags.list("dns-option"),
    DnsSearch: flags.list("dns-search"),
    ExtraHosts: flags.list("add-host").map(parseExtraHost),
    Links: flags.list("link"),
  });
}

/** `--use-api-socket`: the engine's own socket, at the place where clients look for it. */
function apiSocket(at: ConfigSurroundings, flags: FlagValues): MountSpec[] {
  if (!flags.bool("use-api-socket")) return [];
  if (!at.engine.startsWith("unix://")) {
    throw new Error(
      `flag --use-api-socket can only be used with unix sockets: docker endpoint ${at.engine} incompatible`,
    );
  }
  const target = "/var/run/docker.sock";
  return [{ Type: "bind", Source: at.engine.slice("unix://".length), Target: target }];
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
