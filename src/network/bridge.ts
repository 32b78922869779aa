import { hasCode, netlinkProtocols, openNetlink } from "../sys/index.ts";
import { isOff, driverOptions as options } from "./driver-options.ts";
import type { BridgeRules } from "./firewall/index.ts";
import { networkBase, overlaps, parseAddress, parseSubnet, type Subnet } from "./ipv4.ts";
import { randomMac } from "./mac.ts";
import {
  addAddress,
  createBridge,
  deleteAddress,
  getLink,
  ipv4Settings,
  type LinkAddress,
  listAddresses,
  listLinks,
  listRoutes,
  perform,
  setAlias,
  setIPv4,
  setNoIPv6,
  setUp,
} from "./netlink/index.ts";
import type { Network } from "./types.ts";

const defaultMtu = 1500;

export function mtuOf(network: Network): number {
  const mtu = Number(network.options[options.mtu] ?? defaultMtu);
  return Number.isInteger(mtu) && mtu >= 68 && mtu <= 65_535 ? mtu : defaultMtu;
}

/** False when the network's own endpoints must not reach one another. */
export function talksWithin(network: Network): boolean {
  return !isOff(network.options[options.icc]);
}

/** The host's address for ports that are published without one; empty: every address. */
export function hostBinding(network: Network): string {
  return network.options[options.hostBinding] ?? "";
}

export function firewallRules(network: Network): BridgeRules {
  return {
    bridge: network.bridge,
    subnet: network.subnet,
    internal: network.internal,
    masquerade: !isOff(network.options[options.masquerade]),
  };
}

/** By this alias an engine knows bridges with names of the user's as its own, even without a record of them. */
export function ownerAlias(prefix: string): string {
  return `gantry ${prefix}`;
}

/**
 * Makes the bridge of a network, with the gateway's address, or brings an existing one into that state. With
 * `exclusive` an existing link of this name is an error (EEXIST). Returns the link's index.
 */
export function ensureBridge(network: Network, how: { prefix: string; exclusive?: boolean }): number {
  using socket = openNetlink(netlinkProtocols.route);
  const link = { name: network.bridge, macAddress: randomMac(), mtu: mtuOf(network) };
  perform(socket, [{ ...createBridge(link), tolerates: how.exclusive ? [] : ["EEXIST"] }]);
  const { index } = getLink(socket, network.bridge);
  const { prefixLength } = parseSubnet(network.subnet);
  perform(socket, [
    setAlias({ index }, ownerAlias(how.prefix)),
    setNoIPv6({ index }),
    // The host's own 127.0.0.1:PORT leads to containers through this bridge; the firewall guards the way back in.
    setIPv4({ index }, { [ipv4Settings.routeLocalnet]: 1 }),
    addAddress({ index, prefixLength, address: parseAddress(network.gateway) ?? 0 }),
    setUp({ index }),
  ]);
  return index;
}

/** Takes the address from a bridge, so that its subnet is free before the link itself is gone. Absent is fine. */
export function releaseSubnet(network: Network): void {
  using socket = openNetlink(netlinkProtocols.route);
  const gone = ["ENODEV", "EADDRNOTAVAIL"];
  const address = parseAddress(network.gateway) ?? 0;
  const { prefixLength } = parseSubnet(network.subnet);
  const index = findIndex(network.bridge);
  if (index === undefined) return;
  perform(socket, [{ ...deleteAddress({ index, prefixLength, address }), tolerates: gone }]);
}

/** What the host's routes and addresses occupy, those by one link left out. */
export function occupiedSubnets(exceptLink = 0): readonly Subnet[] {
  return [
    ...listRoutes()
      .filter(({ link }) => link === 0 || link !== exceptLink)
      .map(({ destination }) => destination),
    ...addressSubnets(({ index }) => index !== exceptLink),
  ];
}

/** The subnets of all bridges on the host. */
export function bridgedSubnets(): readonly Subnet[] {
  const bridges = new Set(
    listLinks()
      .filter(({ kind }) => kind === "bridge")
      .map(({ index }) => index),
  );
  return addressSubnets(({ index }) => bridges.has(index));
}

/** True when some other link has come to occupy part of this subnet. */
export function isContested(subnet: Subnet, ownLink: number): boolean {
  return occupiedSubnets(ownLink).some((other) => overlaps(other, subnet));
}

function addressSubnets(wanted: (address: LinkAddress) => boolean): readonly Subnet[] {
  return listAddresses()
    .filter(wanted)
    .map(({ address, prefixLength }) => ({ base: networkBase(address, prefixLength), prefixLength }));
}

function findIndex(name: string): number | undefined {
  using socket = openNetlink(netlinkProtocols.route);
  try {
    return getLink(socket, name).index;
  } catch (error) {
    if (hasCode(error, "ENODEV")) return undefined;
    throw error;
  }
}
