import type { IpamConfig, NetworkCreateRequest } from "../../../wire/index.ts";
import type { Command } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import type { FlagValues } from "../../flags/index.ts";
import { compact, keyValues } from "../../run-config/index.ts";
import { containsAddress } from "./contains-address.ts";

export const createNetworkCommand: Command = {
  usage: "create [OPTIONS] NETWORK",
  summary: "Create a network",
  flags: [
    { name: "attachable", kind: "bool", help: "Enable manual container attachment" },
    {
      name: "aux-address",
      kind: "list",
      type: "map",
      help: "Auxiliary IPv4 or IPv6 addresses used by Network driver",
    },
    { name: "config-from", kind: "string", help: "The network from which to copy the configuration" },
    { name: "config-only", kind: "bool", help: "Create a configuration only network" },
    { name: "driver", short: "d", kind: "string", default: "bridge", help: "Driver to manage the Network" },
    { name: "gateway", kind: "strings", help: "IPv4 or IPv6 Gateway for the master subnet" },
    { name: "ingress", kind: "bool", help: "Create swarm routing-mesh network" },
    { name: "internal", kind: "bool", help: "Restrict external access to the network" },
    { name: "ip-range", kind: "strings", help: "Allocate container ip from a sub-range" },
    { name: "ipam-driver", kind: "string", default: "default", help: "IP Address Management Driver" },
    { name: "ipam-opt", kind: "list", type: "map", help: "Set IPAM driver specific options" },
    { name: "ipv4", kind: "bool", default: "true", help: "Enable or disable IPv4 address assignment" },
    { name: "ipv6", kind: "bool", help: "Enable or disable IPv6 address assignment" },
    { name: "label", kind: "list", help: "Set metadata on a network" },
    { name: "opt", short: "o", kind: "list", type: "map", help: "Set driver specific options" },
    { name: "scope", kind: "string", help: "Control the network's scope" },
    { name: "subnet", kind: "strings", help: "Subnet in CIDR format that represents a network segment" },
  ],
  args: { least: 1, most: 1 },
  run: async (cli, { flags, args: [name = ""] }) => {
    const { Id, Warning } = await cli.client.networks.create(request(name, flags));
    if (Warning) await cli.err.write(`WARNING: ${Warning}\n`);
    await cli.out.write(`${Id}\n`);
    return 0;
  },
};

function request(name: string, flags: FlagValues): NetworkCreateRequest {
  const pools = ipamPools(flags);
  const ipamDriver = flags.text("ipam-driver");
  const ipamOptions = keyValues(flags.list("ipam-opt"));
  return compact<NetworkCreateRequest>({
    Name: name,
    Driver: flags.text("driver"),
    Internal: flags.bool("internal") || undefined,
    Attachable: flags.bool("attachable") || undefined,
    Ingress: flags.bool("ingress") || undefined,
    Scope: flags.find("scope"),
    ConfigOnly: flags.bool("config-only") || undefined,
    ConfigFrom: flags.has("config-from") ? { Network: flags.text("config-from") } : undefined,
    EnableIPv4: flags.has("ipv4") ? flags.bool("ipv4") : undefined,
    EnableIPv6: flags.has("ipv6") ? flags.bool("ipv6") : undefined,
    IPAM: { Driver: ipamDriver, Config: pools, Options: ipamOptions },
    Options: keyValues(flags.list("opt")),
    Labels: keyValues(flags.list("label")),
  });
}

/** Puts ranges, gateways and reserved addresses to the subnets they lie in; throws in Docker's words. */
function ipamPools(flags: FlagValues): IpamConfig[] {
  const subnets = flags.list("subnet");
  const pools = subnets.map((subnet): IpamConfig => ({ Subnet: subnet }));
  const poolOf = (address: string, what: string): IpamConfig => {
    const pool = pools.find((one) => containsAddress(one.Subnet ?? "", address));
    if (!pool) throw new ExitError(1, `no matching subnet for ${what} ${address}`);
    return pool;
  };
  if (subnets.length < flags.list("ip-range").length || subnets.length < flags.list("gateway").length) {
    throw new ExitError(1, "every ip-range or gateway must have a corresponding subnet");
  }
  for (const range of flags.list("ip-range")) {
    poolOf(range.split("/")[0] ?? "", "range").IPRange = range;
  }
  for (const gateway of flags.list("gateway")) poolOf(gateway, "gateway").Gateway = gateway;
  for (const [key, address] of Object.entries(keyValues(flags.list("aux-address")))) {
    const pool = poolOf(address, "aux-address");
    pool.AuxiliaryAddresses = { ...pool.AuxiliaryAddresses, [key]: address };
  }
  return pools;
}
