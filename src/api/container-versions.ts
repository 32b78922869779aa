import { EngineError } from "../base/index.ts";
import type {
  ContainerConfig,
  ContainerCreateRequest,
  ContainerInspect,
  EndpointSettings,
  HostConfig,
} from "../wire/index.ts";

/** A create call as the newest version of the API would put it, and what to tell the client of the change. */
export interface Adapted {
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly endpoints: Record<string, EndpointSettings | null>;
  readonly warnings: readonly string[];
}

/** Reads a create call in the light of the version that the client speaks (as `versionNumber` gives it). */
export function adaptCreate(request: ContainerCreateRequest, version: number): Adapted {
  const { HostConfig: host, NetworkingConfig: networking, MacAddress: mac, ...config } = request;
  const hostConfig = adaptHost(host ?? {}, version);
  const asked = networking?.EndpointsConfig ?? {};
  if (version < 144) checkSingleNetwork(asked);
  if (version >= 148) checkInterfaceSysctls(hostConfig);
  const { endpoints, warnings } = adaptMac(mac ?? "", { mode: hostConfig.NetworkMode ?? "", asked, version });
  return { config: adaptConfig(config, version), hostConfig, endpoints, warnings };
}

/** What a version did not know yet is dropped, and gets the default of its day. */
function adaptHost(host: HostConfig, version: number): HostConfig {
  const { KernelMemory: _kernelMemory, Annotations: annotations, ...rest } = host;
  return {
    ...(version >= 142 ? rest : { ...rest, ...pick("KernelMemory", host.KernelMemory) }),
    ...(version >= 143 && annotations ? { Annotations: annotations } : {}),
    ...(version < 140 && !host.IpcMode ? { IpcMode: "shareable" } : {}),
    ...(version < 141 && !host.CgroupnsMode ? { CgroupnsMode: "host" } : {}),
    ...(host.Mounts ? { Mounts: host.Mounts.map((mount) => adaptMount(mount, version)) } : {}),
  };
}

type MountSpec = NonNullable<HostConfig["Mounts"]>[number];

function adaptMount(mount: MountSpec, version: number): MountSpec {
  const bind = mount.BindOptions;
  if (mount.Type !== "bind" || version >= 144) return mount;
  const { NonRecursive, CreateMountpoint, ...known } = bind ?? {};
  const options = {
    ...known,
    ...(version >= 140 ? pick("NonRecursive", NonRecursive) : {}),
    ...(version >= 142 ? pick("CreateMountpoint", CreateMountpoint) : {}),
    // Read-only did not reach the mounts below the source yet.
    ...(mount.ReadOnly ? { ReadOnlyNonRecursive: true } : {}),
  };
  return Object.keys(options).length > 0 ? { ...mount, BindOptions: options } : mount;
}

function adaptConfig(config: ContainerConfig, version: number): ContainerConfig {
  if (version >= 144 || !config.Healthcheck?.StartInterval) return config;
  const { StartInterval: _startInterval, ...health } = config.Healthcheck;
  return { ...config, Healthcheck: health };
}

function checkSingleNetwork(asked: Readonly<Record<string, EndpointSettings | null>>): void {
  const names = Object.keys(asked);
  if (names.length <= 1) return;
  throw new EngineError(
    "invalid",
    `Container cannot be connected to network endpoints: ${names.sort().join(", ")}`,
    { subject: names.join(" ") },
  );
}

/** Which interface is eth0 is no longer for clients to guess. */
function checkInterfaceSysctls(host: HostConfig): void {
  const name = Object.keys(host.Sysctls ?? {}).find((key) => /^net\.\w+\.\w+\.eth\d+\./.test(key));
  if (name === undefined) return;
  throw new EngineError(
    "invalid",
    `interface specific sysctl setting "${name}" must be supplied using driver option 'com.docker.network.endpoint.sysctls'`,
    { subject: name },
  );
}

interface MacPlace {
  readonly mode: string;
  readonly asked: Record<string, EndpointSettings | null>;
  readonly version: number;
}

/** A container-wide address of hardware belongs to the endpoint on the network that the mode names. */
function adaptMac(mac: string, place: MacPlace): Pick<Adapted, "endpoints" | "warnings"> {
  const { asked, version } = place;
  if (mac === "") return { endpoints: asked, warnings: [] };
  const mode = place.mode === "" || place.mode === "default" ? "bridge" : place.mode;
  if (mode === "host" || mode === "none" || mode.startsWith("container:")) {
    throw new EngineError("invalid", "conflicting options: mac-address and the network mode", {
      subject: mac,
    });
  }
  const key = Object.keys(asked).find((name) => name === mode || (mode === "bridge" && name === "default"));
  const own = asked[key ?? mode] ?? {};
  if (own.MacAddress && own.MacAddress !== mac) {
    throw new EngineError(
      "invalid",
      "the container-wide MAC address must match the endpoint-specific MAC address, or be left empty",
      { subject: mac },
    );
  }
  return {
    endpoints: { ...asked, [key ?? mode]: { ...own, MacAddress: mac } },
    warnings:
      version < 144
        ? []
        : [
            "The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.",
          ],
  };
}

/** An inspect answer as older versions of the API had it. */
export function adaptInspect(shape: ContainerInspect, version: number): ContainerInspect {
  if (version >= 145) return shape;
  const networks = Object.entries(shape.NetworkSettings.Networks).map(([name, endpoint]) => [
    name,
    withShortAlias(endpoint, name, shape.Id),
  ]);
  const mac = shape.NetworkSettings.Networks[shape.HostConfig.NetworkMode ?? ""]?.MacAddress;
  return {
    ...shape,
    NetworkSettings: { ...shape.NetworkSettings, Networks: Object.fromEntries(networks) },
    ...(version < 144 && mac ? { Config: { ...shape.Config, MacAddress: mac } } : {}),
  };
}

/** On networks of users the short ID used to count as an alias. */
function withShortAlias(endpoint: EndpointSettings, network: string, id: string): EndpointSettings {
  if (["bridge", "host", "none"].includes(network)) return endpoint;
  return { ...endpoint, Aliases: [...(endpoint.Aliases ?? []), id.slice(0, 12)] };
}

function pick<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  const found: { [P in K]?: V } = {};
  if (value !== undefined) found[key] = value;
  return found;
}
