import { EngineError } from "../base/index.ts";
import type { EndpointSettings } from "../wire/index.ts";
import { normalizeMode } from "./network-plan.ts";
import { endpointSysctls } from "./sysctls.ts";

const served: ReadonlySet<string> = new Set(["com.docker.network.endpoint.sysctls"]);

/**
 * Checks what is asked of endpoints; throws `invalid`. Returns warnings for what these networks do not have and is
 * therefore left out. Pure.
 */
export function checkEndpoints(endpoints: Readonly<Record<string, EndpointSettings | null>>): string[] {
  endpointSysctls(endpoints);
  return Object.entries(endpoints).flatMap(([network, settings]) => {
    checkEndpoint(network, settings ?? {});
    return missing(network, settings ?? {}).map(({ fault, what }) => `${fault}. ${what} discarded.`);
  });
}

/** As `checkEndpoints`, where there is no way to warn: what is not there is refused. */
export function checkConnection(
  network: string,
  settings: EndpointSettings,
  options: { live: boolean },
): void {
  const sysctls = endpointSysctls({ [network]: settings });
  checkEndpoint(network, settings);
  const faults = [
    ...missing(network, settings).map(({ fault }) => fault),
    ...((settings.Links ?? []).length > 0 ? ["Links are made when a container is created"] : []),
    ...(options.live && Object.keys(sysctls).length > 0
      ? ["Kernel settings of an interface are made when a container starts"]
      : []),
  ];
  if (faults.length === 0) return;
  throw new EngineError("invalid", `invalid endpoint settings:\n${faults.join("\n")}`, { subject: network });
}

function checkEndpoint(network: string, settings: EndpointSettings): void {
  const { IPAMConfig: ipam, MacAddress: mac } = settings;
  if (normalizeMode(network) === "bridge") checkDefaultBridge(settings);
  if (ipam?.IPv6Address) {
    throw new EngineError(
      "invalid",
      `invalid endpoint settings: network ${network} has no IPv6 subnet for the address ${ipam.IPv6Address}`,
      { subject: network },
    );
  }
  if (mac && !/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(mac)) {
    throw new EngineError("invalid", `invalid MAC address: ${mac}`, { subject: mac });
  }
}

/** What these networks do not have, and the word for it. */
function missing(
  network: string,
  { IPAMConfig: ipam, DriverOpts: options }: EndpointSettings,
): { readonly fault: string; readonly what: string }[] {
  const unknown = Object.keys(options ?? {}).filter((name) => !served.has(name));
  return [
    ...((ipam?.LinkLocalIPs ?? []).length > 0
      ? [{ fault: `Network ${network} has no link-local addresses`, what: "Link-local addresses" }]
      : []),
    ...unknown.map((name) => ({
      fault: `Network ${network} does not know the driver option ${name}`,
      what: "Option",
    })),
  ];
}

/** The default bridge gives addresses as it likes, and answers no names. */
function checkDefaultBridge({ IPAMConfig: ipam, Aliases: aliases }: EndpointSettings): void {
  const faults = [
    ...(ipam?.IPv4Address ? ["user specified IP address is supported on user defined networks only"] : []),
    ...((aliases ?? []).length > 0
      ? ["network-scoped alias is supported only for containers in user defined networks"]
      : []),
  ];
  if (faults.length === 0) return;
  const list = faults.join("\n");
  throw new EngineError("invalid", `invalid config for network bridge: invalid endpoint settings:\n${list}`, {
    subject: "bridge",
  });
}

/** Endpoints in the order in which they become interfaces: the one that is to be the gateway first. */
export function inGatewayOrder<T extends EndpointSettings>(
  endpoints: Readonly<Record<string, T>>,
): Record<string, T> {
  const priority = ([, settings]: readonly [string, T]): number => settings.GwPriority ?? 0;
  return Object.fromEntries(Object.entries(endpoints).sort((a, b) => priority(b) - priority(a)));
}
