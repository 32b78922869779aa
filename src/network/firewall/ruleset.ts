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
 * The whole table as nft commands, in place of whatever table had this name. As one transaction it takes effect
 * at once; established connections keep the translations that they have.
 *
 * Every packet passes a fixed number of rules: sets and verdict maps find what concerns its links and ports.
 * - `raw`: a link of ours with `route_localnet` must not open the host's loopback to containers.
 * - `published`: from outside and from the host itself, whatever is addressed to the host.
 * - `postrouting`: what comes from loopback or goes back onto a bridge after a translation must return through
 *   the host; what leaves a network takes the host's address.
 * - `forward`: into a bridge only from itself, in answer, or through a published port.
 */
export function wholeTable(
  table: string,
  bridges: Iterable<BridgeRules>,
  ports: Iterable<PortRules>,
): string {
  const t = `ip ${table}`;
  return lines(
    `add table ${t}`,
    `delete table ${t}`,
    `add table ${t}`,
    `add set ${t} bridges { type ifname; }`,
    `add set ${t} subnets { type ipv4_addr; flags interval; }`,
    `add set ${t} masqueraded { type ipv4_addr; flags interval; }`,
    `add map ${t} inward { type ifname : verdict; }`,
    `add map ${t} outward { type ifname : verdict; }`,
    `add map ${t} ports { type inet_proto . inet_service : verdict; }`,
    `add map ${t} address_ports { type ipv4_addr . inet_proto . inet_service : verdict; }`,
    `add chain ${t} published`,
    `add chain ${t} raw { type filter hook prerouting priority -300; policy accept; }`,
    `add chain ${t} prerouting { type nat hook prerouting priority -100; policy accept; }`,
    `add chain ${t} output { type nat hook output priority -100; policy accept; }`,
    `add chain ${t} postrouting { type nat hook postrouting priority 100; policy accept; }`,
    `add chain ${t} forward { type filter hook forward priority 0; policy accept; }`,
    `add rule ${t} raw iifname @bridges ip daddr 127.0.0.0/8 drop`,
    `add rule ${t} published ip daddr . meta l4proto . th dport vmap @address_ports`,
    `add rule ${t} published meta l4proto . th dport vmap @ports`,
    `add rule ${t} prerouting fib daddr type local jump published`,
    `add rule ${t} output fib daddr type local jump published`,
    `add rule ${t} postrouting oifname @bridges ip saddr 127.0.0.0/8 masquerade`,
    `add rule ${t} postrouting oifname @bridges ip saddr @subnets ct status dnat masquerade`,
    `add rule ${t} postrouting oifname @bridges accept`,
    `add rule ${t} postrouting ip saddr @masqueraded masquerade`,
    `add rule ${t} forward iifname vmap @outward`,
    `add rule ${t} forward oifname vmap @inward`,
    ...[...bridges].map((bridge) => addBridge(table, bridge)),
    ...[...ports].map((port) => setPort(table, port)),
  );
}

export function removeTable(table: string): string {
  return lines(`add table ip ${table}`, `delete table ip ${table}`);
}

export function addBridge(table: string, rules: BridgeRules): string {
  const t = `ip ${table}`;
  const { bridge, subnet } = rules;
  const inward = `in_${chainName(bridge)}`;
  const outward = `out_${chainName(bridge)}`;
  return lines(
    `add chain ${t} ${inward}`,
    `add rule ${t} ${inward} iifname "${bridge}" accept`,
    ...(rules.internal
      ? []
      : [
          `add rule ${t} ${inward} ct state established,related accept`,
          `add rule ${t} ${inward} ct status dnat accept`,
        ]),
    `add rule ${t} ${inward} drop`,
    `add element ${t} inward { "${bridge}" : goto ${inward} }`,
    ...(rules.internal
      ? [
          `add chain ${t} ${outward}`,
          `add rule ${t} ${outward} oifname != "${bridge}" drop`,
          `add element ${t} outward { "${bridge}" : goto ${outward} }`,
        ]
      : []),
    `add element ${t} bridges { "${bridge}" }`,
    `add element ${t} subnets { ${subnet} }`,
    ...(masquerades(rules) ? [`add element ${t} masqueraded { ${subnet} }`] : []),
  );
}

export function removeBridge(table: string, rules: BridgeRules): string {
  const t = `ip ${table}`;
  const { bridge, subnet } = rules;
  const inward = `in_${chainName(bridge)}`;
  const outward = `out_${chainName(bridge)}`;
  return lines(
    `delete element ${t} inward { "${bridge}" }`,
    ...dropChain(t, inward),
    ...(rules.internal ? [`delete element ${t} outward { "${bridge}" }`, ...dropChain(t, outward)] : []),
    `delete element ${t} bridges { "${bridge}" }`,
    `delete element ${t} subnets { ${subnet} }`,
    ...(masquerades(rules) ? [`delete element ${t} masqueraded { ${subnet} }`] : []),
  );
}

/** Publishes a port, or gives a published one other targets. */
export function setPort(table: string, port: PortRules): string {
  const t = `ip ${table}`;
  const chain = portChain(port);
  return lines(
    `add chain ${t} ${chain}`,
    `flush chain ${t} ${chain}`,
    ...(port.targets.length > 0 ? [`add rule ${t} ${chain} ${translation(port)}`] : []),
    `add element ${t} ${mapOf(port)} { ${elementOf(port)} : goto ${chain} }`,
  );
}

export function removePort(table: string, port: PortRules): string {
  const t = `ip ${table}`;
  return lines(`delete element ${t} ${mapOf(port)} { ${elementOf(port)} }`, ...dropChain(t, portChain(port)));
}

function translation({ protocol, targets }: PortRules): string {
  const [only] = targets;
  if (only && targets.length === 1) return `meta l4proto ${protocol} dnat ip to ${only.address}:${only.port}`;
  const choices = targets.map(({ address, port }, index) => `${index} : ${address} . ${port}`).join(", ");
  return `meta l4proto ${protocol} dnat ip to numgen inc mod ${targets.length} map { ${choices} }`;
}

function masquerades(rules: BridgeRules): boolean {
  return rules.masquerade && !rules.internal;
}

function portChain(port: PortRules): string {
  const address = port.hostIP === "0.0.0.0" ? "any" : port.hostIP.replaceAll(".", "_");
  return `${port.protocol}_${address}_${port.hostPort}`;
}

function mapOf(port: PortRules): string {
  return port.hostIP === "0.0.0.0" ? "ports" : "address_ports";
}

function elementOf(port: PortRules): string {
  const address = port.hostIP === "0.0.0.0" ? "" : `${port.hostIP} . `;
  return `${address}${port.protocol} . ${port.hostPort}`;
}

/** Chain names take letters, digits and `_`; links have at most 15 characters. */
function chainName(bridge: string): string {
  return bridge.replace(/[^A-Za-z0-9]/g, (character) => `_${character.charCodeAt(0).toString(16)}`);
}

function dropChain(t: string, chain: string): readonly string[] {
  return [`flush chain ${t} ${chain}`, `delete chain ${t} ${chain}`];
}

function lines(...commands: readonly string[]): string {
  return commands.map((command) => (command.endsWith("\n") ? command : `${command}\n`)).join("");
}
