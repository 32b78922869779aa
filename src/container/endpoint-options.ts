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
  return Object.entries(endpoints).flatMap(([network, settings]) => warningsOf(network, settings ?? {}));
}

function warningsOf(network: string, settings: EndpointSettings): string[] {
  const { IPAMConfig: ipam, DriverOpts: options, MacAddress: mac } = settings;
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
  const unknown = Object.keys(options ?? {}).filter((name) => !served.has(name));
  return [
    ...((ipam?.LinkLocalIPs ?? []).length > 0
      ? [`Network ${network} has no link-local addresses. Link-local addresses discarded.`]
      : []),
    ...unknown.map((name) => `Network ${network} does not know the driver option ${name}. Option discarded.`),
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
