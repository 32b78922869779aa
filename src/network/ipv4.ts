import { EngineError } from "../base/index.ts";

/** A range of IPv4 addresses by prefix; `base` is its first address as a number. */
export interface Subnet {
  readonly base: number;
  readonly prefixLength: number;
}

/** The address `10.0.0.1` as a number; undefined when it is not one. */
export function parseAddress(text: string): number | undefined {
  if (!/^(?:\d{1,3}\.){3}\d{1,3}$/.test(text)) return undefined;
  const parts = text.split(".").map(Number);
  if (parts.some((part) => part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

/** Parses `10.0.0.0/8`; throws `invalid` for other text and for a base with host bits. */
export function parseSubnet(text: string): Subnet {
  const [address = "", length = "", ...rest] = text.split("/");
  const base = parseAddress(address);
  const prefixLength = Number(length);
  if (base === undefined || !/^\d{1,2}$/.test(length) || prefixLength > 32 || rest.length > 0) {
    throw new EngineError("invalid", `invalid subnet ${text}: invalid CIDR address`, { subject: text });
  }
  const subnet = { base: networkBase(base, prefixLength), prefixLength };
  if (subnet.base !== base) {
    const wanted = formatSubnet(subnet);
    throw new EngineError("invalid", `invalid subnet ${text}: it should be ${wanted}`, { subject: text });
  }
  return subnet;
}

export function formatSubnet(subnet: Subnet): string {
  return `${formatAddress(subnet.base)}/${subnet.prefixLength}`;
}

/** The first address of the block of this length that holds `address`. */
export function networkBase(address: number, prefixLength: number): number {
  return address - (address % sizeOf(prefixLength));
}

export function lastAddress(subnet: Subnet): number {
  return subnet.base + sizeOf(subnet.prefixLength) - 1;
}

export function contains(subnet: Subnet, address: number): boolean {
  return address >= subnet.base && address <= lastAddress(subnet);
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.base <= lastAddress(b) && b.base <= lastAddress(a);
}

/** The blocks of `prefixLength` that fill a subnet, in order. */
export function* split(subnet: Subnet, prefixLength: number): Generator<Subnet> {
  for (let base = subnet.base; base <= lastAddress(subnet); base += sizeOf(prefixLength)) {
    yield { base, prefixLength };
  }
}

function sizeOf(prefixLength: number): number {
  return 2 ** (32 - prefixLength);
}
