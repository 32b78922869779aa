import type { ContainerCreateRequest, EndpointSettings, MountSpec } from "../wire/index.ts";
import { containerLabels } from "./labels.ts";
import type { Project, Service, ServiceNetwork } from "./model/index.ts";
import { containerName, imageName } from "./names.ts";
import type { ObservedContainer } from "./observe.ts";

export interface RequestOptions {
  readonly project: Project;
  readonly service: Service;
  readonly number: number;
  readonly imageID: string;
  /** The container that this one takes the place of: its anonymous volumes are kept. */
  readonly replaces?: ObservedContainer;
  readonly renewAnonymousVolumes?: boolean;
  readonly slug?: string;
}

/** The body that creates one container of a service. */
export function containerRequest(options: RequestOptions): ContainerCreateRequest {
  const { project, service, replaces, slug } = options;
  const mounts = mountSpecs(options);
  const endpoints = service.networks.map(
    (network) => [networkName(project, network), endpoint(options, network)] as const,
  );
  return {
    ...service.config,
    Image: imageName(project, service),
    AttachStdout: false,
    AttachStderr: false,
    Labels: containerLabels(project, service, {
      number: options.number,
      imageID: options.imageID,
      ...(replaces === undefined ? {} : { replaces: replaces.name }),
      ...(slug === undefined ? {} : { slug }),
    }),
    HostConfig: {
      ...service.hostConfig,
      NetworkMode: networkMode(project, service, endpoints[0]?.[0]),
      ...namespaces(project, service),
      ...(mounts.length === 0 ? {} : { Mounts: mounts }),
    },
    ...(endpoints.length === 0
      ? {}
      : { NetworkingConfig: { EndpointsConfig: Object.fromEntries(endpoints) } }),
  };
}

/** The engine's name of a network that a service joins. */
export function networkName(project: Project, network: ServiceNetwork): string {
  return project.networks.get(network.network)?.name ?? network.network;
}

/** The engine's names of the named volumes that a service mounts. */
export function volumeNames(project: Project, service: Service): string[] {
  return service.mounts.flatMap((mount) =>
    mount.kind === "volume" && mount.volume !== undefined
      ? [project.volumes.get(mount.volume)?.name ?? mount.volume]
      : [],
  );
}

/** Services whose namespaces this one lives in. */
export function namespaceOwners(service: Service): string[] {
  const { IpcMode, PidMode } = service.hostConfig;
  return [service.networkMode, IpcMode, PidMode].flatMap((mode) => serviceOf(mode) ?? []);
}

function serviceOf(mode: string | undefined): string | undefined {
  return mode?.startsWith("service:") ? mode.slice("service:".length) : undefined;
}

function networkMode(project: Project, service: Service, first: string | undefined): string {
  return withContainer(project, service.networkMode) ?? first ?? "none";
}

function namespaces(project: Project, service: Service): { IpcMode?: string; PidMode?: string } {
  const ipc = withContainer(project, service.hostConfig.IpcMode);
  const pid = withContainer(project, service.hostConfig.PidMode);
  return { ...(ipc === undefined ? {} : { IpcMode: ipc }), ...(pid === undefined ? {} : { PidMode: pid }) };
}

/** `service:x` as the engine knows it: the first container of that service. */
function withContainer(project: Project, mode: string | undefined): string | undefined {
  const name = serviceOf(mode);
  const owner = name === undefined ? undefined : project.services.get(name);
  return owner === undefined ? mode : `container:${containerName(project, owner, 1)}`;
}

function endpoint(
  { project, service, number, slug }: RequestOptions,
  network: ServiceNetwork,
): EndpointSettings {
  const name = containerName(project, service, number);
  const own = slug === undefined ? [name, service.name, ...network.aliases] : [];
  const { ipv4Address, ipv6Address, linkLocalAddresses, macAddress, gatewayPriority } = network;
  const addressed = ipv4Address !== undefined || ipv6Address !== undefined || linkLocalAddresses.length > 0;
  return {
    Aliases: [...new Set(own)],
    ...(addressed
      ? {
          IPAMConfig: {
            ...(ipv4Address === undefined ? {} : { IPv4Address: ipv4Address }),
            ...(ipv6Address === undefined ? {} : { IPv6Address: ipv6Address }),
            ...(linkLocalAddresses.length === 0 ? {} : { LinkLocalIPs: [...linkLocalAddresses] }),
          },
        }
      : {}),
    ...(macAddress === undefined ? {} : { MacAddress: macAddress }),
    ...(Object.keys(network.driverOptions).length === 0 ? {} : { DriverOpts: network.driverOptions }),
    ...(gatewayPriority === undefined ? {} : { GwPriority: gatewayPriority }),
  };
}

function mountSpecs(options: RequestOptions): MountSpec[] {
  const { project, service } = options;
  const kept = keptVolumes(options);
  const specs = service.mounts.map((mount): MountSpec => {
    if (mount.kind === "host") return mount.spec;
    const source =
      mount.volume === undefined
        ? kept.get(mount.spec.Target)
        : (project.volumes.get(mount.volume)?.name ?? mount.volume);
    kept.delete(mount.spec.Target);
    return source === undefined ? mount.spec : { ...mount.spec, Source: source };
  });
  const targets = new Set(specs.map((spec) => spec.Target));
  const inherited = [...kept].filter(([target]) => !targets.has(target));
  return [...specs, ...inherited.map(([Target, Source]): MountSpec => ({ Type: "volume", Source, Target }))];
}

/** The anonymous volumes of the container that is replaced, by where they are mounted. */
function keptVolumes({
  project,
  service,
  replaces,
  renewAnonymousVolumes,
}: RequestOptions): Map<string, string> {
  const named = new Set(volumeNames(project, service));
  const mounts = renewAnonymousVolumes ? [] : (replaces?.mounts ?? []);
  return new Map(
    mounts.flatMap((mount) => {
      const { Type, Name, Destination } = mount;
      // Anonymous volumes have names of 64 hex digits.
      const anonymous = Type === "volume" && Name !== undefined && /^[0-9a-f]{64}$/.test(Name);
      return anonymous && !named.has(Name) ? [[Destination, Name] as const] : [];
    }),
  );
}
