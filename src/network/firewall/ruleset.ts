import { lastAddress, parseAddress, parseSubnet } from "../ipv4.ts";
import { join, networkU32, u32 } from "../netlink/index.ts";
import {
  addressBegins,
  addressIn,
  addressPortMap,
  Batch,
  destinationIsLocal,
  type Expression,
  isEstablished,
  isRedirected,
  linkIn,
  linkIs,
  linkMap,
  linkName,
  masquerade,
  portKeyBytes,
  portMap,
  protocolIs,
  protocolKey,
  range,
  type SetElement,
  translateInTurn,
  translateTo,
  verdict,
} from "../nftables/index.ts";

/** Stands for every address of the host. */
const anyAddress = "0.0.0.0";

/** What the firewall knows of a network. */
export interface BridgeRules {
  readonly bridge: string;
  readonly subnet: string;
  /** Nothing passes to or from anywhere else. */
  readonly internal: boolean;
  /** Connections that leave take the host's address. */
  readonly masquerade: boolean;
}

/** A published port and the sandboxes behind it, between which connections are spread in turn. */
export interface PortRules {
  readonly protocol: "tcp" | "udp";
  /** `0.0.0.0`: every address of the host. */
  readonly hostIP: string;
  readonly hostPort: number;
  readonly targets: readonly { readonly address: string; readonly port: number }[];
}

/** Identity of a published port. */
export function portKey(port: Pick<PortRules, "protocol" | "hostIP" | "hostPort">): string {
  return `${port.protocol}-${port.hostIP}-${port.hostPort}`;
}

/**
 * The whole table, in place of whatever table had this name. As one transaction it takes effect at once;
 * established connections keep the translations that they have.
 *
 * Every packet passes a fixed number of rules: sets and verdict maps find what concerns its links and ports.
 * - `raw`: a link of ours with `route_localnet` must not open the host's loopback to containers.
 * - `published`: from outside and from the host itself, whatever is addressed to the host.
 * - `postrouting`: what comes from loopback or goes back onto a bridge after a translation must return through
 *   the host; what leaves a network takes the host's address.
 * - `forward`: into a bridge only from itself, in answer, or through a published port.
 */
export function wholeTable(table: string, bridges: Iterable<BridgeRules>, ports: Iterable<PortRules>): Batch {
  const batch = new Batch(table);
  batch.addTable();
  batch.deleteTable();
  batch.addTable();
  addSets(batch);
  addBaseChains(batch);
  for (const bridge of bridges) addBridge(batch, bridge);
  for (const port of ports) setPort(batch, port);
  return batch;
}

export function removeTable(table: string): Batch {
  const batch = new Batch(table);
  batch.addTable();
  batch.deleteTable();
  return batch;
}

/** A chain that no packet passes: it says that forwarding was off before there were engines. */
export const forwardingMark = "forwarding-was-off";

export function addForwardingMark(batch: Batch): void {
  batch.addChain(forwardingMark);
}

export function addBridge(batch: Batch, rules: BridgeRules): void {
  const { inward, outward } = chainsOf(rules);
  batch.addChain(inward);
  batch.addRule(inward, linkIs("inLink", rules.bridge), accept);
  if (!rules.internal) {
    batch.addRule(inward, isEstablished(), accept);
    batch.addRule(inward, isRedirected(), accept);
  }
  batch.addRule(inward, drop);
  batch.addElements("inward", leadsTo(linkName(rules.bridge), inward));
  if (rules.internal) {
    batch.addChain(outward);
    batch.addRule(outward, linkIs("outLink", rules.bridge, { not: true }), drop);
    batch.addElements("outward", leadsTo(linkName(rules.bridge), outward));
  }
  batch.addElements("bridges", { key: linkName(rules.bridge) });
  batch.addElements("subnets", ...subnetRange(rules));
  if (masquerades(rules)) batch.addElements("masqueraded", ...subnetRange(rules));
}

export function removeBridge(batch: Batch, rules: BridgeRules): void {
  const { inward, outward } = chainsOf(rules);
  batch.deleteElements("inward", leadsTo(linkName(rules.bridge), inward));
  batch.deleteChain(inward);
  if (rules.internal) {
    batch.deleteElements("outward", leadsTo(linkName(rules.bridge), outward));
    batch.deleteChain(outward);
  }
  batch.deleteElements("bridges", { key: linkName(rules.bridge) });
  batch.deleteElements("subnets", ...subnetRange(rules));
  if (masquerades(rules)) batch.deleteElements("masqueraded", ...subnetRange(rules));
}

/** Publishes a port, or gives a published one other targets. */
export function setPort(batch: Batch, port: PortRules): void {
  const chain = portChain(port);
  batch.addChain(chain);
  batch.flushChain(chain);
  if (port.targets.length > 0) batch.addRule(chain, protocolIs(port.protocol), translation(batch, port));
  batch.addElements(mapOf(port), leadsTo(keyOf(port), chain));
}

export function removePort(batch: Batch, port: PortRules): void {
  batch.deleteElements(mapOf(port), leadsTo(keyOf(port), portChain(port)));
  batch.deleteChain(portChain(port));
}

const accept = verdict({ kind: "accept" });
const drop = verdict({ kind: "drop" });
const loopback = 127;

function addSets(batch: Batch): void {
  batch.addSet("bridges", { key: ["link"] });
  batch.addSet("subnets", { key: ["address"], interval: true });
  batch.addSet("masqueraded", { key: ["address"], interval: true });
  batch.addSet("inward", { key: ["link"], data: "verdict" });
  batch.addSet("outward", { key: ["link"], data: "verdict" });
  batch.addSet("ports", { key: ["protocol", "port"], data: "verdict" });
  batch.addSet("address_ports", { key: ["address", "protocol", "port"], data: "verdict" });
}

function addBaseChains(batch: Batch): void {
  const toPublished = verdict({ kind: "jump", chain: "published" });
  batch.addChain("published");
  batch.addChain("raw", { type: "filter", hook: "prerouting", priority: -300 });
  batch.addChain("prerouting", { type: "nat", hook: "prerouting", priority: -100 });
  batch.addChain("output", { type: "nat", hook: "output", priority: -100 });
  batch.addChain("postrouting", { type: "nat", hook: "postrouting", priority: 100 });
  batch.addChain("forward", { type: "filter", hook: "forward", priority: 0 });
  batch.addRule("raw", linkIn("inLink", "bridges"), addressBegins("destination", loopback), drop);
  batch.addRule("published", addressPortMap("address_ports"));
  batch.addRule("published", portMap("ports"));
  batch.addRule("prerouting", destinationIsLocal(), toPublished);
  batch.addRule("output", destinationIsLocal(), toPublished);
  const ontoBridge = linkIn("outLink", "bridges");
  batch.addRule("postrouting", ontoBridge, addressBegins("source", loopback), masquerade());
  batch.addRule("postrouting", ontoBridge, addressIn("source", "subnets"), isRedirected(), masquerade());
  batch.addRule("postrouting", ontoBridge, accept);
  batch.addRule("postrouting", addressIn("source", "masqueraded"), masquerade());
  batch.addRule("forward", linkMap("inLink", "outward"));
  batch.addRule("forward", linkMap("outLink", "inward"));
}

function translation(batch: Batch, { targets }: PortRules): Expression[] {
  const numbered = targets.map(({ address, port }) => ({ address: parseAddress(address) ?? 0, port }));
  const [only] = numbered;
  if (only && numbered.length === 1) return translateTo(only);
  const elements = numbered.map(({ address, port }, index) => ({
    key: u32(index),
    data: join(networkU32(address), portKeyBytes(port)),
  }));
  const map = batch.addAnonymousMap({ key: ["integer"], data: ["address", "port"] }, elements);
  return translateInTurn(numbered.length, map);
}

function masquerades(rules: BridgeRules): boolean {
  return rules.masquerade && !rules.internal;
}

function subnetRange({ subnet }: BridgeRules): readonly SetElement[] {
  const parsed = parseSubnet(subnet);
  return range(networkU32(parsed.base), networkU32(lastAddress(parsed) + 1));
}

function leadsTo(key: Uint8Array, chain: string): SetElement {
  return { key, verdict: { kind: "goto", chain } };
}

function portChain(port: PortRules): string {
  const address = port.hostIP === anyAddress ? "any" : port.hostIP.replaceAll(".", "_");
  return `${port.protocol}_${address}_${port.hostPort}`;
}

function mapOf(port: PortRules): string {
  return port.hostIP === anyAddress ? "ports" : "address_ports";
}

function keyOf(port: PortRules): Uint8Array {
  const address = port.hostIP === anyAddress ? [] : [networkU32(parseAddress(port.hostIP) ?? 0)];
  return join(...address, protocolKey(port.protocol), portKeyBytes(port.hostPort));
}

/** Names that nft(8) reads too: letters, digits and `_`. */
function chainsOf({ bridge }: BridgeRules): { inward: string; outward: string } {
  const name = bridge.replace(/[^A-Za-z0-9]/g, (character) => `_${character.charCodeAt(0).toString(16)}`);
  return { inward: `in_${name}`, outward: `out_${name}` };
}
