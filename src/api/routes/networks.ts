import { EngineError } from "../../base/index.ts";
import { type Announce, announceNetwork, type ContainerService } from "../../container/index.ts";
import type { Network, NetworkService } from "../../network/index.ts";
import {
  type EndpointSettings,
  type Filters,
  type IpamConfig,
  type NetworkCreateRequest,
  type NetworkInspect,
  parseFilters,
} from "../../wire/index.ts";
import { type Call, empty, json, type Reply, readJson } from "../call.ts";
import { endpointSettings } from "../container-decoder.ts";
import { type Decoder, flag, full, list as listOf, map, partial, text } from "../decode.ts";
import { checkKeys, matchesAny, matchesLabels, pruneFilter } from "../filter.ts";
import { type Route, route } from "../routes.ts";

export interface NetworkRoutesNeeds {
  readonly network: NetworkService;
  readonly containers: Pick<ContainerService, "connect" | "disconnect" | "store">;
  readonly announce: Announce;
}

/** Networks: list, inspect, create, remove, connect, disconnect, prune. */
export function networkRoutes(needs: NetworkRoutesNeeds): Route[] {
  const byID = (call: Call): Network => needs.network.get(call.params.id ?? "");
  return [
    route("GET", "/networks", (call) => list(needs, call)),
    route("POST", "/networks/create", (call) => create(needs, call)),
    route("POST", "/networks/prune", (call) => prune(needs, call)),
    route("GET", "/networks/{id}", (call) => json(shape(needs, byID(call), true))),
    route("DELETE", "/networks/{id}", async (call) => {
      const network = byID(call);
      await needs.network.remove(network.id);
      announceNetwork(needs.announce, "destroy", network);
      return empty();
    }),
    route("POST", "/networks/{id}/connect", async (call) => {
      const body = await readJson(call, connectBody);
      await needs.containers.connect(call.params.id ?? "", body.Container, body.EndpointConfig);
      return empty(200);
    }),
    route("POST", "/networks/{id}/disconnect", async (call) => {
      const body = await readJson(
        call,
        full<{ Container: string; Force: boolean }>({ Container: text, Force: flag }),
      );
      await needs.containers.disconnect(call.params.id ?? "", body.Container);
      return empty(200);
    }),
  ];
}

const connectBody = full<{ Container: string; EndpointConfig: EndpointSettings }>({
  Container: text,
  EndpointConfig: endpointSettings,
});

const ipamConfig: Decoder<IpamConfig> = partial<IpamConfig>(
  { Subnet: text, IPRange: text, Gateway: text, AuxiliaryAddresses: map(text) },
  "IPAMConfig",
);

const createBody: Decoder<NetworkCreateRequest> = (value, place) => ({
  ...full<{ Name: string }>({ Name: text })(value, place),
  ...partial<Omit<NetworkCreateRequest, "Name">>({
    CheckDuplicate: flag,
    Driver: text,
    Internal: flag,
    Attachable: flag,
    Ingress: flag,
    Scope: text,
    ConfigOnly: flag,
    ConfigFrom: partial<{ Network?: string }>({ Network: text }),
    EnableIPv4: flag,
    EnableIPv6: flag,
    IPAM: partial<NonNullable<NetworkCreateRequest["IPAM"]>>({
      Driver: text,
      Config: listOf(ipamConfig),
      Options: map(text),
    }),
    Options: map(text),
    Labels: map(text),
  })(value, place),
});

async function create(needs: NetworkRoutesNeeds, call: Call): Promise<Reply> {
  const body = await readJson(call, createBody);
  if (body.Name === "") throw invalid("network name cannot be empty", "Name");
  checkUnserved(body);
  const [ipam, more] = body.IPAM?.Config ?? [];
  if (more) throw invalid("only one subnet a network is supported", body.Name);
  const reserved = ipam?.AuxiliaryAddresses ?? {};
  const network = await needs.network.create({
    name: body.Name,
    ...(body.Driver ? { driver: body.Driver } : {}),
    internal: body.Internal ?? false,
    attachable: body.Attachable ?? false,
    ...(ipam?.Subnet ? { subnet: ipam.Subnet } : {}),
    ...(ipam?.Gateway ? { gateway: ipam.Gateway } : {}),
    ...(ipam?.IPRange ? { ipRange: ipam.IPRange } : {}),
    ...(Object.keys(reserved).length > 0 ? { reserved } : {}),
    options: body.Options ?? {},
    labels: body.Labels ?? {},
  });
  announceNetwork(needs.announce, "create", network);
  return json({ Id: network.id, Warning: "" }, 201);
}

/** What would make another network than the one that comes out is refused. */
function checkUnserved(body: NetworkCreateRequest): void {
  const { IPAM: ipam } = body;
  const option = Object.keys(ipam?.Options ?? {})[0];
  const refusals: readonly (readonly [boolean, string])[] = [
    [body.EnableIPv6 === true, "IPv6 networks are not supported by this engine yet"],
    [body.EnableIPv4 === false, "IPv4 or IPv6 must be enabled"],
    [body.Ingress === true, "an ingress network needs a swarm, and this node is in none"],
    [body.ConfigOnly === true || !!body.ConfigFrom?.Network, "networks of configuration are not supported"],
    [!["", "local"].includes(body.Scope ?? ""), `a network of scope "${body.Scope}" needs a swarm`],
    [
      !["", "default"].includes(ipam?.Driver ?? ""),
      `error looking up IPAM plugin ${ipam?.Driver}: not found`,
    ],
    [option !== undefined, `IPAM options are not supported by this engine: ${option}`],
  ];
  const found = refusals.find(([asked]) => asked);
  if (found) throw invalid(found[1], body.Name);
}

function invalid(message: string, subject: string): EngineError {
  return new EngineError("invalid", message, { subject });
}

function list(needs: NetworkRoutesNeeds, call: Call): Reply {
  const filters = parseFilters(call.query.get("filters") ?? undefined);
  return json(filterNetworks(needs, filters).map((network) => shape(needs, network, false)));
}

function filterNetworks(needs: NetworkRoutesNeeds, filters: Filters): Network[] {
  checkKeys(filters, ["dangling", "driver", "id", "label", "name", "scope", "type"]);
  const tests: Readonly<Record<string, (network: Network, values: readonly string[]) => boolean>> = {
    driver: (network, values) => values.includes(network.driver),
    id: (network, values) => matchesAny(values, (value) => network.id.startsWith(value)),
    name: (network, values) => matchesAny(values, (value) => matchesName(network.name, value)),
    label: (network, values) => matchesLabels(network.labels, values),
    scope: (_network, values) => values.includes("local"),
    type: (network, values) => values.includes(isPredefined(network) ? "builtin" : "custom"),
    dangling: (network, values) =>
      values.includes("true") === (!isPredefined(network) && needs.network.attached(network.id).length === 0),
  };
  return needs.network
    .list()
    .filter((network) => [...filters].every(([key, values]) => tests[key]?.(network, values) ?? true));
}

/** As Docker does it: a regular expression, or plain text when it is none. */
function matchesName(name: string, value: string): boolean {
  try {
    return new RegExp(value).test(name);
  } catch {
    return name.includes(value);
  }
}

function isPredefined(network: Network): boolean {
  return ["bridge", "host", "none"].includes(network.name);
}

function shape(needs: NetworkRoutesNeeds, network: Network, withContainers: boolean): NetworkInspect {
  const hasAddresses = network.driver === "bridge";
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created,
    Scope: "local",
    Driver: network.driver === "none" ? "null" : network.driver,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: {
      Driver: "default",
      Options: null,
      Config: hasAddresses
        ? [
            {
              Subnet: network.subnet,
              Gateway: network.gateway,
              ...(network.ipRange ? { IPRange: network.ipRange } : {}),
              ...(network.reserved ? { AuxiliaryAddresses: { ...network.reserved } } : {}),
            },
          ]
        : [],
    },
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: withContainers ? members(needs, network) : {},
    Options: { ...network.options },
    Labels: { ...network.labels },
  };
}

function members(needs: NetworkRoutesNeeds, network: Network): NetworkInspect["Containers"] {
  const rows = needs.network.attached(network.id).map(({ sandboxID, endpoint }) => [
    sandboxID,
    {
      Name: needs.containers.store.find(sandboxID)?.name ?? sandboxID,
      EndpointID: endpoint.id,
      MacAddress: endpoint.macAddress,
      IPv4Address: `${endpoint.ipv4Address}/${endpoint.prefixLength}`,
      IPv6Address: "",
    },
  ]);
  return Object.fromEntries(rows);
}

async function prune(needs: NetworkRoutesNeeds, call: Call): Promise<Reply> {
  const filters = parseFilters(call.query.get("filters") ?? undefined);
  checkKeys(filters, ["until", "label", "label!"]);
  const matches = pruneFilter(filters);
  const used = new Set(needs.containers.store.list().flatMap((record) => Object.keys(record.endpoints)));
  const removed: string[] = [];
  for (const network of needs.network.list()) {
    const inUse =
      used.has(network.name) || used.has(network.id) || needs.network.attached(network.id).length > 0;
    if (isPredefined(network) || inUse || !matches(network)) continue;
    await needs.network.remove(network.id);
    announceNetwork(needs.announce, "destroy", network);
    removed.push(network.name);
  }
  return json({ NetworksDeleted: removed.length > 0 ? removed : null });
}
