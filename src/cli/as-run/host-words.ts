import type { ContainerInspect, HostConfig, MountSpec, PortMap } from "../../wire/index.ts";
import { csvField, flag, flags, type Option, pairs, type RunWords, toggle } from "./flag-words.ts";

/** What an engine does where nobody says anything. */
export interface EngineDefaults {
  readonly runtime: string;
  readonly logDriver: string;
  readonly cgroupNamespace: string;
}

/** Flags for the host's side: life, files, names, rights. Limits and networks have their own. */
export function hostWords(container: ContainerInspect, defaults: EngineDefaults): RunWords {
  const { HostConfig: host } = container;
  const security = securityWords(host);
  const { own, rest } = splitAnnotations(host.Annotations);
  return {
    words: [
      ...toggle("rm", host.AutoRemove),
      ...restartWords(host),
      ...(host.Init === null || host.Init === undefined
        ? []
        : [[`--init${host.Init ? "" : "=false"}`] as const]),
      ...own,
      ...flags("annotation", pairs(rest)),
      ...(host.Runtime === defaults.runtime ? [] : flag("runtime", host.Runtime)),
      ...logWords(host, defaults.logDriver),
      ...portWords(host.PortBindings),
      ...toggle("publish-all", host.PublishAllPorts),
      ...flags("volume", host.Binds),
      ...flags("mount", (host.Mounts ?? []).map(mountText)),
      ...flags(
        "tmpfs",
        Object.entries(host.Tmpfs ?? {}).map(([path, options]) => (options ? `${path}:${options}` : path)),
      ),
      ...flags("volumes-from", host.VolumesFrom),
      ...flag("volume-driver", host.VolumeDriver),
      ...flags("storage-opt", pairs(host.StorageOpt)),
      ...toggle("read-only", host.ReadonlyRootfs),
      ...(host.ShmSize === 64 * 1024 ** 2 ? [] : flag("shm-size", host.ShmSize)),
      ...lookupWords(host),
      ...namespaceWords(host, defaults),
      ...toggle("privileged", host.Privileged),
      ...flags("cap-add", host.CapAdd),
      ...flags("cap-drop", host.CapDrop),
      ...flags("group-add", host.GroupAdd),
      ...security.words,
      ...flags("sysctl", pairs(host.Sysctls)),
      ...flag("oom-score-adj", host.OomScoreAdj),
    ],
    lost: [...security.lost, ...((host.DeviceRequests ?? []).length > 0 ? ["device requests (--gpus)"] : [])],
  };
}

function restartWords({ RestartPolicy: policy }: HostConfig): Option[] {
  const { Name = "", MaximumRetryCount = 0 } = policy ?? {};
  if (Name === "" || Name === "no") return [];
  return flag("restart", MaximumRetryCount > 0 ? `${Name}:${MaximumRetryCount}` : Name);
}

/** Annotations of ours have flags of their own. */
function splitAnnotations(annotations: HostConfig["Annotations"]): {
  own: Option[];
  rest: Record<string, string>;
} {
  const { "gantry.ephemeral": ephemeral, ...others } = annotations ?? {};
  const named = ["health-http", "health-tcp", "on-unhealthy"];
  const own = named.flatMap((name) => flag(name, others[`gantry.${name}`]));
  const rest = Object.entries(others).filter(([key]) => !named.includes(key.replace(/^gantry\./, "")));
  return {
    own: [...toggle("ephemeral", ephemeral !== undefined && ephemeral !== "false"), ...own],
    rest: Object.fromEntries(rest),
  };
}

function logWords({ LogConfig: log }: HostConfig, byDefault: string): Option[] {
  const options = pairs(log?.Config);
  const usual = (log?.Type ?? "") === byDefault && options.length === 0;
  return usual ? [] : [...flag("log-driver", log?.Type), ...flags("log-opt", options)];
}

function portWords(bindings: PortMap | null | undefined): Option[] {
  return Object.entries(bindings ?? {}).flatMap(([key, list]) => {
    const port = key.replace(/\/tcp$/, "");
    const texts = (list ?? []).map(({ HostIp = "", HostPort = "" }) => {
      const address = HostIp.includes(":") ? `[${HostIp}]` : HostIp;
      if (address !== "") return `${address}:${HostPort}:${port}`;
      return HostPort === "" ? port : `${HostPort}:${port}`;
    });
    return flags("publish", texts);
  });
}

function mountText(mount: MountSpec): string {
  const { BindOptions: bind, VolumeOptions: volume, TmpfsOptions: tmpfs, ImageOptions: image } = mount;
  const given: readonly (readonly [string, string | number | undefined])[] = [
    ["type", mount.Type],
    ["source", mount.Source],
    ["target", mount.Target],
    ["readonly", mount.ReadOnly ? "true" : undefined],
    ["consistency", mount.Consistency],
    ["bind-propagation", bind?.Propagation],
    ["bind-recursive", bind?.NonRecursive ? "disabled" : bind?.ReadOnlyNonRecursive ? "writable" : undefined],
    ["bind-recursive", bind?.ReadOnlyForceRecursive ? "readonly" : undefined],
    ["bind-create-mountpoint", bind?.CreateMountpoint ? "true" : undefined],
    ["volume-nocopy", volume?.NoCopy ? "true" : undefined],
    ["volume-subpath", volume?.Subpath],
    ["volume-driver", volume?.DriverConfig?.Name],
    ...pairs(volume?.DriverConfig?.Options).map((pair) => ["volume-opt", pair] as const),
    ...pairs(volume?.Labels).map((pair) => ["volume-label", pair] as const),
    ["tmpfs-size", tmpfs?.SizeBytes],
    ["tmpfs-mode", tmpfs?.Mode ? tmpfs.Mode.toString(8) : undefined],
    ["image-subpath", image?.Subpath],
  ];
  return given
    .filter(([, value]) => value !== undefined && value !== "" && value !== 0)
    .map(([key, value]) => csvField(`${key}=${value}`))
    .join(",");
}

function lookupWords(host: HostConfig): Option[] {
  return [
    ...flags("dns", host.Dns),
    ...flags("dns-option", host.DnsOptions),
    ...flags("dns-search", host.DnsSearch),
    ...flags("add-host", host.ExtraHosts),
  ];
}

function namespaceWords(host: HostConfig, defaults: EngineDefaults): Option[] {
  return [
    ...flag("pid", host.PidMode),
    ...(host.IpcMode === "private" ? [] : flag("ipc", host.IpcMode)),
    ...flag("uts", host.UTSMode),
    ...flag("userns", host.UsernsMode),
    ...(host.CgroupnsMode === defaults.cgroupNamespace ? [] : flag("cgroupns", host.CgroupnsMode)),
  ];
}

/** A profile that was given as a file stands in the config as its text, for which there is no flag. */
function securityWords(host: HostConfig): RunWords {
  const isProfile = (option: string): boolean => /^seccomp[=:]\s*\{/.test(option);
  const options = host.SecurityOpt ?? [];
  const unmasked = host.MaskedPaths?.length === 0 && host.ReadonlyPaths?.length === 0 && !host.Privileged;
  const plain = options.filter((option) => !isProfile(option));
  return {
    words: flags("security-opt", unmasked ? [...plain, "systempaths=unconfined"] : plain),
    lost: options.some(isProfile) ? ["a seccomp profile: save its text to a file and name that"] : [],
  };
}
