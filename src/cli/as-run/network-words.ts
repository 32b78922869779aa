import type { ContainerInspect, EndpointSettings } from "../../wire/index.ts";
import { csvField, flag, flags, type Option, pairs } from "./flag-words.ts";

/** The containers that it is linked to; on a network of a user both the host's side and the endpoint name them. */
export function linkWords({ HostConfig, NetworkSettings }: ContainerInspect): Option[] {
  const all = [
    ...(HostConfig.Links ?? []),
    ...Object.values(NetworkSettings.Networks).flatMap(({ Links }) => Links ?? []),
  ];
  return flags("link", [...new Set(all)]);
}

/** Flags for the networks, in the order in which they were asked for: the mode's own first. */
export function networkWords(container: ContainerInspect): Option[] {
  const mode = container.HostConfig.NetworkMode ?? "default";
  const endpoints = container.NetworkSettings.Networks;
  if (["host", "none"].includes(mode) || mode.startsWith("container:")) return flag("network", mode);
  const names = Object.keys(endpoints).sort((a, b) => Number(b === mode) - Number(a === mode));
  const [only] = names;
  if (only === undefined || (names.length === 1 && ["default", "bridge"].includes(mode))) {
    const asked = endpoints[only ?? ""];
    return asked ? singleWords("", asked) : [];
  }
  if (names.length === 1) return singleWords(only, endpoints[only] ?? {});
  return flags(
    "network",
    names.map((name) => longForm(name, endpoints[name] ?? {})),
  );
}

function singleWords(name: string, endpoint: EndpointSettings): Option[] {
  const options = pairs(endpoint.DriverOpts);
  if (options.length > 0 || endpoint.GwPriority) return flag("network", longForm(name || "bridge", endpoint));
  return [
    ...flag("network", name),
    ...flags("network-alias", endpoint.Aliases),
    ...flag("ip", endpoint.IPAMConfig?.IPv4Address),
    ...flag("ip6", endpoint.IPAMConfig?.IPv6Address),
    ...flags("link-local-ip", endpoint.IPAMConfig?.LinkLocalIPs),
    ...flag("mac-address", ownMac(endpoint)),
  ];
}

function longForm(name: string, endpoint: EndpointSettings): string {
  const { IPAMConfig: ipam } = endpoint;
  const fields = [
    `name=${name}`,
    ...(endpoint.Aliases ?? []).map((alias) => `alias=${alias}`),
    ...(ipam?.IPv4Address ? [`ip=${ipam.IPv4Address}`] : []),
    ...(ipam?.IPv6Address ? [`ip6=${ipam.IPv6Address}`] : []),
    ...(ipam?.LinkLocalIPs ?? []).map((address) => `link-local-ip=${address}`),
    ...(ownMac(endpoint) ? [`mac-address=${ownMac(endpoint)}`] : []),
    ...pairs(endpoint.DriverOpts).map((pair) => `driver-opt=${pair}`),
    ...(endpoint.GwPriority ? [`gw-priority=${endpoint.GwPriority}`] : []),
  ];
  return fields.map(csvField).join(",");
}

/** A hardware address that was asked for: the engine makes those of its own from the IP address. */
function ownMac({ MacAddress = "", IPAddress = "" }: EndpointSettings): string | undefined {
  const hex = IPAddress.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  return MacAddress === ["02", "42", ...hex].join(":") ? undefined : MacAddress;
}
