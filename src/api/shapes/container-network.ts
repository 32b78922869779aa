import { type ContainerRecord, expandPorts, isLive } from "../../container/index.ts";
import type { Endpoint, NetworkService, PublishedPort, Sandbox } from "../../network/index.ts";
import type { EndpointSettings, PortMap, PortSummary } from "../../wire/index.ts";

type Networks = Pick<NetworkService, "findSandbox" | "get">;

/** The network stack of a container while it runs. */
export function liveSandbox(network: Networks, record: ContainerRecord): Sandbox | undefined {
  return isLive(record.state) ? network.findSandbox(record.id) : undefined;
}

/** `NetworkSettings.Networks`: what was asked, and while it runs what it got. */
export function endpointMap(
  network: Networks,
  record: ContainerRecord,
  sandbox: Sandbox | undefined,
): Record<string, EndpointSettings> {
  const mode = record.hostConfig.NetworkMode ?? "";
  if (mode === "host" || mode === "none")
    return { [mode]: endpointShape({}, undefined, idOf(network, mode)) };
  const asked = Object.entries(record.endpoints).map(([key, settings]) => {
    const found = find(network, key);
    const live = sandbox?.endpoints.find((endpoint) => endpoint.networkID === found?.id);
    return [found?.name ?? key, endpointShape(settings, live, found?.id ?? "")] as const;
  });
  return Object.fromEntries(asked);
}

/** `NetworkSettings.Ports`: exposed ports with their bindings while it runs. */
export function portMap(record: ContainerRecord, sandbox: Sandbox | undefined): PortMap {
  if (!isLive(record.state)) return {};
  const exposed = [
    ...Object.keys(record.config.ExposedPorts ?? {}),
    ...Object.keys(record.hostConfig.PortBindings ?? {}),
  ];
  const map: PortMap = Object.fromEntries(expandPorts(exposed).map((port) => [port, null]));
  for (const port of sandbox?.ports ?? []) {
    const key = `${port.containerPort}/${port.protocol}`;
    map[key] = [...(map[key] ?? []), ...bindingsOf(port)];
  }
  return map;
}

/** The ports of a row of `docker ps`. */
export function portSummaries(record: ContainerRecord, sandbox: Sandbox | undefined): PortSummary[] {
  return Object.entries(portMap(record, sandbox)).flatMap(([key, bindings]) => {
    const [number = "", type = "tcp"] = key.split("/");
    const inner = { PrivatePort: Number(number), Type: type };
    if (!bindings) return [inner];
    return bindings.map((binding) => ({
      IP: binding.HostIp ?? "",
      ...inner,
      PublicPort: Number(binding.HostPort),
    }));
  });
}

/** The host ports of a container while it runs, and what it asked for otherwise: `8080/tcp`. */
export function publishedPorts(record: ContainerRecord, sandbox: Sandbox | undefined): string[] {
  if (sandbox) return sandbox.ports.map(({ hostPort, protocol }) => `${hostPort}/${protocol}`);
  return Object.entries(record.hostConfig.PortBindings ?? {}).flatMap(([port, bindings]) =>
    (bindings ?? []).flatMap(({ HostPort }) =>
      HostPort ? [`${HostPort}/${port.split("/")[1] ?? "tcp"}`] : [],
    ),
  );
}

function bindingsOf(port: PublishedPort): { HostIp: string; HostPort: string }[] {
  return [{ HostIp: port.hostIP === "" ? "0.0.0.0" : port.hostIP, HostPort: String(port.hostPort) }];
}

function endpointShape(
  asked: EndpointSettings,
  live: Endpoint | undefined,
  networkID: string,
): EndpointSettings {
  return {
    IPAMConfig: asked.IPAMConfig ?? null,
    Links: asked.Links ?? null,
    Aliases: asked.Aliases ?? null,
    MacAddress: live?.macAddress ?? asked.MacAddress ?? "",
    DriverOpts: asked.DriverOpts ?? null,
    GwPriority: asked.GwPriority ?? 0,
    NetworkID: networkID,
    EndpointID: live?.id ?? "",
    Gateway: live?.gateway ?? "",
    IPAddress: live?.ipv4Address ?? "",
    IPPrefixLen: live?.prefixLength ?? 0,
    IPv6Gateway: "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    DNSNames: live ? [...live.names] : null,
  };
}

function find(network: Networks, key: string): { id: string; name: string } | undefined {
  try {
    return network.get(key);
  } catch {
    // The network of a stopped container may be gone; its record still names it.
    return undefined;
  }
}

function idOf(network: Networks, name: string): string {
  return find(network, name)?.id ?? "";
}
