import { EngineError } from "../../base/index.ts";
import { contains, formatAddress, lastAddress, parseAddress, parseSubnet } from "../ipv4.ts";
import type { Network } from "../types.ts";

/**
 * An address for a new endpoint: the one asked for, or the lowest free one of the network's range. Throws
 * `invalid` for an address that cannot be given, `conflict` for one in use, `unavailable` when all are.
 */
export function chooseAddress(network: Network, used: ReadonlySet<string>, wanted?: string): string {
  const taken = new Set([...used, ...Object.values(network.reserved ?? {})]);
  return wanted ? checkedAddress(network, taken, wanted) : lowestFree(network, taken);
}

function checkedAddress(network: Network, used: ReadonlySet<string>, wanted: string): string {
  if (!network.userSubnet) {
    throw new EngineError(
      "invalid",
      "user specified IP address is supported only when connecting to networks with user configured subnets",
      { subject: wanted },
    );
  }
  const subnet = parseSubnet(network.subnet);
  const address = parseAddress(wanted);
  if (address === undefined || !contains(subnet, address)) {
    throw new EngineError("invalid", `no configured subnet contains IP address ${wanted}`, {
      subject: wanted,
    });
  }
  const reserved = address === subnet.base || address === lastAddress(subnet);
  if (reserved || wanted === network.gateway || used.has(wanted)) {
    throw new EngineError("conflict", "Address already in use", { subject: wanted });
  }
  return wanted;
}

function lowestFree(network: Network, used: ReadonlySet<string>): string {
  const subnet = parseSubnet(network.subnet);
  const range = network.ipRange ? parseSubnet(network.ipRange) : subnet;
  const first = Math.max(range.base, subnet.base + 1);
  const last = Math.min(lastAddress(range), lastAddress(subnet) - 1);
  for (let candidate = first; candidate <= last; candidate += 1) {
    const text = formatAddress(candidate);
    if (text !== network.gateway && !used.has(text)) return text;
  }
  throw new EngineError(
    "unavailable",
    `no available IPv4 addresses on this network's address pools: ${network.name} (${network.id})`,
    { subject: network.id },
  );
}
