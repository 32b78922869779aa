import { EngineError, newID } from "../base/index.ts";
import { hasCode } from "../sys/index.ts";
import {
  bridgedSubnets,
  ensureBridge,
  firewallRules,
  isContested,
  occupiedSubnets,
  releaseSubnet,
} from "./bridge.ts";
import { attempt, type NetworkContext } from "./context.ts";
import { checkDriverOptions, driverOptions } from "./driver-options.ts";
import { ensureForwarding } from "./forwarding.ts";
import {
  type Addressing,
  candidateSubnets,
  defaultAddressing,
  firstFree,
  userAddressing,
} from "./ipam/index.ts";
import { formatAddress, formatSubnet, parseSubnet, type Subnet } from "./ipv4.ts";
import { deleteLinks } from "./links.ts";
import { predefined } from "./networks.ts";
import type { Network, NetworkCreateOptions } from "./types.ts";

/** Makes a network of the user's: checks, bridge, firewall, and last the record. */
export function createNetwork(context: NetworkContext, options: NetworkCreateOptions): Network {
  checkName(context, options.name);
  checkDriver(options.driver ?? "bridge");
  checkDriverOptions(options.options ?? {});
  const id = newID();
  const bridge = options.options?.[driverOptions.bridgeName] || `${context.prefix}-${id.slice(0, 8)}`;
  if (!/^[A-Za-z0-9][\w.-]{0,14}$/.test(bridge)) throw invalid(`invalid bridge name ${bridge}`);
  return placeNetwork(context, { id, bridge, options });
}

/** Makes those of the networks `bridge`, `host` and `none` that are not there yet. */
export function ensurePredefined(context: NetworkContext): void {
  for (const name of predefined) {
    if (context.networks.findByName(name)) continue;
    if (name === "bridge") {
      placeNetwork(context, { id: newID(), bridge: `${context.prefix}0`, options: { name } });
    } else if (name === "host" || name === "none") {
      context.networks.put({ ...emptyNetwork(newID(), { name }), driver: name });
    }
  }
}

function placeNetwork(
  context: NetworkContext,
  wanted: { id: string; bridge: string; options: NetworkCreateOptions },
): Network {
  const { options } = wanted;
  const base = { ...emptyNetwork(wanted.id, options), bridge: wanted.bridge };
  if (!options.subnet && (options.gateway || options.ipRange || options.reserved)) {
    throw invalid("invalid network config: gateway, ip-range and auxiliary addresses need a subnet");
  }
  const exclusive = !predefined.has(options.name);
  const network = options.subnet
    ? placeChosen(context, base, userAddressing(options, takenByEngines(context)), exclusive)
    : placeAnywhere(context, base, exclusive);
  using undo = new DisposableStack();
  undo.defer(() => attempt(context.log, "discard the bridge", network.id, () => discard(context, network)));
  context.step("network:bridge-made");
  if (!network.internal) ensureForwarding(context.firewall);
  context.firewall.addBridge(firewallRules(network));
  context.step("network:rules-made");
  context.networks.put(network);
  undo.move();
  return network;
}

function placeChosen(
  context: NetworkContext,
  base: Network,
  addressing: Addressing,
  exclusive: boolean,
): Network {
  const network = { ...addressed(base, addressing), userSubnet: true };
  makeBridge(context, network, exclusive);
  return network;
}

/**
 * Takes the first candidate that nothing on the host overlaps with. Another engine may take the same one in the
 * same moment: whoever then sees the other's route gives way and goes on.
 */
function placeAnywhere(context: NetworkContext, base: Network, exclusive: boolean): Network {
  let mustBeNew = exclusive;
  const taken: Subnet[] = [...occupiedSubnets(), ...ownSubnets(context)];
  for (;;) {
    const subnet = firstFree(candidateSubnets(), taken);
    if (!subnet) {
      throw new EngineError("unavailable", "all predefined address pools have been fully subnetted", {
        subject: base.name,
      });
    }
    const network = addressed(base, defaultAddressing(subnet));
    const link = makeBridge(context, network, mustBeNew);
    if (!isContested(subnet, link)) return network;
    releaseSubnet(network);
    taken.push(subnet);
    // The link is kept for the next try, which finds it.
    mustBeNew = false;
  }
}

function makeBridge(context: NetworkContext, network: Network, exclusive: boolean): number {
  try {
    return ensureBridge(network, { prefix: context.prefix, exclusive });
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    throw new EngineError(
      "conflict",
      `cannot create network ${network.name}: link ${network.bridge} already exists`,
      {
        subject: network.bridge,
        cause: error,
      },
    );
  }
}

function discard(context: NetworkContext, network: Network): void {
  context.firewall.removeBridge(network.bridge);
  releaseSubnet(network);
  deleteLinks([network.bridge]).catch((error) =>
    context.log.warn("bridge is left over", { bridge: network.bridge, error }),
  );
}

function ownSubnets(context: NetworkContext): readonly Subnet[] {
  return context.networks.list().flatMap(({ subnet }) => (subnet ? [parseSubnet(subnet)] : []));
}

/**
 * A user may choose a subnet over a route of the host's, as with Docker, but not over another network: neither of
 * this engine nor of another, whose bridges are seen by their addresses.
 */
function takenByEngines(context: NetworkContext): readonly Subnet[] {
  return [...ownSubnets(context), ...bridgedSubnets()];
}

function checkName(context: NetworkContext, name: string): void {
  if (name.trim() === "") throw invalid("invalid network name: name is empty");
  if (context.networks.findByName(name)) {
    throw new EngineError("conflict", `network with name ${name} already exists`, { subject: name });
  }
}

function checkDriver(driver: string): void {
  if (driver === "bridge" || driver === "default") return;
  if (driver === "host" || driver === "none" || driver === "null") {
    throw new EngineError("denied", `only one instance of "${driver}" network is allowed`, {
      subject: driver,
    });
  }
  throw new EngineError(
    "not-found",
    `could not find plugin ${driver} in v1 plugin registry: plugin not found`,
    { subject: driver },
  );
}

function emptyNetwork(id: string, options: NetworkCreateOptions): Network {
  return {
    id,
    name: options.name,
    driver: "bridge",
    created: new Date().toISOString(),
    internal: options.internal ?? false,
    attachable: options.attachable ?? false,
    subnet: "",
    gateway: "",
    userSubnet: false,
    bridge: "",
    options: options.options ?? {},
    labels: options.labels ?? {},
  };
}

function addressed(network: Network, addressing: Addressing): Network {
  const { subnet, gateway, ipRange, reserved } = addressing;
  return {
    ...network,
    subnet: formatSubnet(subnet),
    gateway: formatAddress(gateway),
    ...(ipRange ? { ipRange: formatSubnet(ipRange) } : {}),
    ...(reserved ? { reserved } : {}),
  };
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", message, { subject: "network" });
}
