import { closeSync, openSync } from "node:fs";
import { netlinkProtocols, openNetlink, withNetworkNamespace } from "../sys/index.ts";
import { mtuOf, talksWithin } from "./bridge.ts";
import { hostLinkName, type NetworkContext, namespacePath } from "./context.ts";
import { parseAddress } from "./ipv4.ts";
import { randomMac } from "./mac.ts";
import {
  addAddress,
  createVeth,
  getLink,
  ipv4Settings,
  perform,
  setBridgePort,
  setDefaultRoute,
  setIPv4,
  setMaster,
  setNoIPv6,
  setUp,
} from "./rtnetlink/index.ts";
import type { Endpoint, Network } from "./types.ts";

type Needs = Pick<NetworkContext, "prefix" | "namespaces">;

/** Raises the loopback link of a new sandbox. */
export function raiseLoopback(context: Needs, sandboxID: string): void {
  withNetworkNamespace(namespacePath(context, sandboxID), () => {
    using inside = openNetlink(netlinkProtocols.route);
    perform(inside, [setUp({ name: "lo" })]);
  });
}

/** Makes the link of an endpoint, one end on the network's bridge, the other in the sandbox, with its address. */
export function attachEndpoint(
  context: Needs,
  sandboxID: string,
  endpoint: Endpoint,
  network: Network,
): void {
  const path = namespacePath(context, sandboxID);
  createPair(context, path, endpoint, network);
  withNetworkNamespace(path, () => {
    using inside = openNetlink(netlinkProtocols.route);
    const { index } = getLink(inside, endpoint.interfaceName);
    const address = parseAddress(endpoint.ipv4Address) ?? 0;
    perform(inside, [
      setNoIPv6({ index }),
      // Neighbours may remember an earlier owner of the address: going up announces the new one.
      setIPv4({ index }, { [ipv4Settings.arpNotify]: 1 }),
      addAddress({ index, address, prefixLength: endpoint.prefixLength }),
      setUp({ index }),
    ]);
  });
}

/** Makes an endpoint the way out of its sandbox. */
export function routeThrough(context: Needs, sandboxID: string, endpoint: Endpoint): void {
  withNetworkNamespace(namespacePath(context, sandboxID), () => {
    using inside = openNetlink(netlinkProtocols.route);
    const { index } = getLink(inside, endpoint.interfaceName);
    perform(inside, [setDefaultRoute({ gateway: parseAddress(endpoint.gateway) ?? 0, index })]);
  });
}

/**
 * Cuts the host's ends of endpoints off their bridges at once. What is left of the sandbox can then answer for
 * addresses no more, although the kernel takes its links away only later.
 */
export function isolateEndpoints(context: Needs, endpoints: readonly Endpoint[]): void {
  if (endpoints.length === 0) return;
  using host = openNetlink(netlinkProtocols.route);
  const tolerates = ["ENODEV", "EOPNOTSUPP", "ENETDOWN"];
  const ports = endpoints.map(({ id }) => setBridgePort({ name: hostLinkName(context, id) }, { state: 0 }));
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
