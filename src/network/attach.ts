import { closeSync, openSync } from "node:fs";
import { netlinkProtocols, openNetlink, withNetworkNamespace } from "../sys/index.ts";
import { mtuOf, talksWithin } from "./bridge.ts";
import { hostLinkName, type NetworkContext, namespacePath } from "./context.ts";
import { parseAddress } from "./ipv4.ts";
import { macOfAddress, randomMac } from "./mac.ts";
import {
  addAddress,
  createVeth,
  getLink,
  ipv4Settings,
  muteBridgePort,
  perform,
  queryLink,
  type Request,
  setBridgePort,
  setDefaultRoute,
  setIPv4,
  setMac,
  setMaster,
  setNoIPv6,
  setUp,
} from "./netlink/index.ts";
import type { Endpoint, Network } from "./types.ts";

type Needs = Pick<NetworkContext, "prefix" | "namespaces">;

/** Raises the loopback link of a new sandbox. */
export function raiseLoopback(context: Needs, sandboxID: string): void {
  withNetworkNamespace(namespacePath(context, sandboxID), () => {
    using inside = openNetlink(netlinkProtocols.route);
    perform(inside, [setUp({ name: "lo" })]);
  });
}

/**
 * Makes the link of an endpoint, one end on the network's bridge, the other in the sandbox, with its address and,
 * with `isWayOut`, as the default route.
 */
export function attachEndpoint(
  context: Needs,
  sandboxID: string,
  endpoint: Endpoint,
  how: { network: Network; isWayOut: boolean },
): void {
  const { network } = how;
  const path = namespacePath(context, sandboxID);
  createPair(context, path, endpoint, network);
  withNetworkNamespace(path, () => {
    using inside = openNetlink(netlinkProtocols.route);
    const { index } = getLink(inside, endpoint.interfaceName);
    const address = parseAddress(endpoint.ipv4Address) ?? 0;
    perform(inside, [
      setNoIPv6({ index }),
      setIPv4({ index }, { [ipv4Settings.arpNotify]: 1 }),
      addAddress({ index, address, prefixLength: endpoint.prefixLength }),
      setUp({ index }),
      ...(how.isWayOut ? [defaultRoute(endpoint, index)] : []),
    ]);
  });
  awaitCarrier(context, endpoint, network);
  // Neighbours may remember an earlier owner of the address with another MAC; being set anew announces this one.
  if (endpoint.macAddress !== macOfAddress(endpoint.ipv4Address)) announce(path, endpoint);
}

/** Makes an endpoint the way out of its sandbox. */
export function routeThrough(context: Needs, sandboxID: string, endpoint: Endpoint): void {
  withNetworkNamespace(namespacePath(context, sandboxID), () => {
    using inside = openNetlink(netlinkProtocols.route);
    const { index } = getLink(inside, endpoint.interfaceName);
    perform(inside, [defaultRoute(endpoint, index)]);
  });
}

function defaultRoute(endpoint: Endpoint, index: number): Request {
  return setDefaultRoute({ gateway: parseAddress(endpoint.gateway) ?? 0, index });
}

/**
 * Makes the bridges send nothing to these endpoints any more. What is left of the sandbox can then answer for its
 * addresses no more, although the kernel takes its links away only later.
 */
export function muteEndpoints(context: Needs, endpoints: readonly Endpoint[]): void {
  if (endpoints.length === 0) return;
  using host = openNetlink(netlinkProtocols.route);
  // Gone, or on no bridge.
  const tolerates = ["ENODEV", "EOPNOTSUPP"];
  const ports = endpoints.map(({ id }) => muteBridgePort({ name: hostLinkName(context, id) }));
  perform(
    host,
    ports.map((request) => ({ ...request, tolerates })),
  );
}

/** Puts the host's end of a live endpoint back on its bridge, after the bridge was made anew. */
export function reattachEndpoint(context: Needs, endpoint: Endpoint, network: Network): void {
  using host = openNetlink(netlinkProtocols.route);
  const name = hostLinkName(context, endpoint.id);
  const bridge = getLink(host, network.bridge).index;
  if (getLink(host, name).master === bridge) return;
  perform(host, [setMaster({ name }, bridge), portSettings(name, network)]);
}

/**
 * The kernel lets a bridge forward through a new port, and a bridge with its first port send, only once it has
 * noted their carrier, in its own time. Asking for a link makes it note that first (from Linux 6.3 on).
 */
function awaitCarrier(context: Needs, endpoint: Endpoint, network: Network): void {
  using host = openNetlink(netlinkProtocols.route);
  perform(host, [
    queryLink({ name: hostLinkName(context, endpoint.id) }),
    queryLink({ name: network.bridge }),
  ]);
}

function announce(path: string, endpoint: Endpoint): void {
  withNetworkNamespace(path, () => {
    using inside = openNetlink(netlinkProtocols.route);
    perform(inside, [setMac({ name: endpoint.interfaceName }, endpoint.macAddress)]);
  });
}

function createPair(context: Needs, path: string, endpoint: Endpoint, network: Network): void {
  const name = hostLinkName(context, endpoint.id);
  const mtu = mtuOf(network);
  const namespace = openSync(path, "r");
  try {
    using host = openNetlink(netlinkProtocols.route);
    const bridgeIndex = getLink(host, network.bridge).index;
    const peer = { name: endpoint.interfaceName, macAddress: endpoint.macAddress, mtu };
    const pair = createVeth({ name, macAddress: randomMac(), mtu }, { bridgeIndex, peer, namespace });
    perform(host, [pair, setNoIPv6({ name }), portSettings(name, network)]);
  } finally {
    closeSync(namespace);
  }
}

/** Hairpin: with `bridge-nf-call-iptables` a published port may lead a frame back to the port it came from. */
function portSettings(name: string, network: Network) {
  return setBridgePort({ name }, { hairpin: true, isolated: !talksWithin(network) });
}
