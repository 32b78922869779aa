import { parseSubnet, type Subnet, split } from "../ipv4.ts";

/** Ranges for networks without a subnet of their own, and the length into which each is cut. */
const pools: readonly (readonly [range: string, prefixLength: number])[] = [
  ["172.17.0.0/16", 16],
  ["172.18.0.0/16", 16],
  ["172.19.0.0/16", 16],
  ["172.20.0.0/14", 16],
  ["172.24.0.0/14", 16],
  ["172.28.0.0/14", 16],
  ["192.168.0.0/16", 20],
  // Beyond the customary ones: smaller, so that they last.
  ["172.16.0.0/16", 24],
  ["10.192.0.0/10", 24],
];

/** Every subnet that a network may get by itself, in order of preference. */
export function* candidateSubnets(): Generator<Subnet> {
  for (const [range, prefixLength] of pools) yield* split(parseSubnet(range), prefixLength);
}
