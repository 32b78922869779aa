import { EngineError } from "../../base/index.ts";
import {
  contains,
  formatSubnet,
  lastAddress,
  overlaps,
  parseAddress,
  parseSubnet,
  type Subnet,
} from "../ipv4.ts";
import type { NetworkCreateOptions } from "../types.ts";

/** The addressing of a network; all values checked. */
export interface Addressing {
  readonly subnet: Subnet;
  readonly gateway: number;
  readonly ipRange?: Subnet;
  readonly reserved?: Readonly<Record<string, string>>;
}

/** What a user asked for; throws `invalid` unless all of it lies in the subnet, `conflict` on an overlap. */
export function userAddressing(
  options: Pick<NetworkCreateOptions, "subnet" | "gateway" | "ipRange" | "reserved">,
  taken: readonly Subnet[],
): Addressing {
  const subnet = parseSubnet(options.subnet ?? "");
  if (subnet.prefixLength > 30 || subnet.prefixLength === 0) {
    throw invalid(`invalid subnet ${formatSubnet(subnet)}: it has no room for containers`);
  }
  if (taken.some((other) => overlaps(subnet, other))) {
    throw new EngineError(
      "conflict",
      "invalid pool request: Pool overlaps with other one on this address space",
      { subject: formatSubnet(subnet) },
    );
  }
  const ipRange = options.ipRange ? parseSubnet(options.ipRange) : undefined;
  if (ipRange && !(contains(subnet, ipRange.base) && contains(subnet, lastAddress(ipRange)))) {
    throw invalid(`invalid ip-range ${options.ipRange}: subnet ${formatSubnet(subnet)} does not contain it`);
  }
  const gateway = options.gateway ? checkedGateway(options.gateway, subnet) : subnet.base + 1;
  const { reserved } = options;
  for (const [name, text] of Object.entries(reserved ?? {})) checkReserved(name, text, subnet);
  return { subnet, gateway, ...(ipRange ? { ipRange } : {}), ...(reserved ? { reserved } : {}) };
}

/** The addressing of a subnet that nobody chose. */
export function defaultAddressing(subnet: Subnet): Addressing {
  return { subnet, gateway: subnet.base + 1 };
}

/** The first candidate that overlaps with nothing taken; undefined when there is none. */
export function firstFree(candidates: Iterable<Subnet>, taken: readonly Subnet[]): Subnet | undefined {
  for (const candidate of candidates) {
    if (!taken.some((other) => overlaps(candidate, other))) return candidate;
  }
  return undefined;
}

function checkedGateway(text: string, subnet: Subnet): number {
  const gateway = parseAddress(text);
  if (gateway === undefined) throw invalid(`invalid gateway ${text}`);
  const usable = gateway > subnet.base && gateway < lastAddress(subnet);
  if (!usable) throw invalid(`invalid gateway ${text}: subnet ${formatSubnet(subnet)} does not contain it`);
  return gateway;
}

function checkReserved(name: string, text: string, subnet: Subnet): void {
  const address = parseAddress(text);
  if (address !== undefined && contains(subnet, address)) return;
  throw invalid(
    `auxiliary address: (${name}:${text}) must belong to the master pool: ${formatSubnet(subnet)}`,
  );
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", message, { subject: "network" });
}
