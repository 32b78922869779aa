import { mkdirSync } from "node:fs";
import { EngineError, newID } from "../base/index.ts";
import { createNetworkNamespace, removeNetworkNamespace } from "../sys/index.ts";
import { attachEndpoint, muteEndpoints, raiseLoopback } from "./attach.ts";
import { closeSandbox } from "./close-sandbox.ts";
import { attempt, hostLinkName, type NetworkContext, namespacePath } from "./context.ts";
import { chooseAddress } from "./ipam/index.ts";
import { parseSubnet } from "./ipv4.ts";
import { macOfAddress, parseMac } from "./mac.ts";
import { publishingEndpoint, publishPorts, unpublishPorts } from "./publish.ts";
import { resolvConfOf, startResolver, withdrawNames } from "./resolve.ts";
import type { SandboxRecord } from "./sandboxes.ts";
import type { Endpoint, EndpointRequest, Network, Sandbox, SandboxRequest } from "./types.ts";

/**
 * Opens the network stack of a container, all or nothing. A stack that is still open under this ID, left by a
 * start that failed, is closed first.
 */
export function openSandbox(context: NetworkContext, request: SandboxRequest): Sandbox {
  const { id } = request;
  closeSandbox(context, id);
  const endpoints = planEndpoints(context, request.endpoints);
  using undo = new DisposableStack();
  const onFailure = (step: string, work: () => void) =>
    undo.defer(() => attempt(context.log, step, id, work));
  makeNamespace(context, id);
  onFailure("let go of the namespace", () => removeNetworkNamespace(namespacePath(context, id)));
  onFailure("mute the endpoints", () => muteEndpoints(context, endpoints));
  context.step("sandbox:namespace-made");
  raiseLoopback(context, id);
  const gateway = publishingEndpoint(context, endpoints);
  for (const endpoint of endpoints) {
    const network = context.networks.get(endpoint.networkID);
    attachEndpoint(context, id, endpoint, { network, isWayOut: endpoint === gateway });
    context.step("sandbox:endpoint-attached");
  }
  const record = recordOf(context, request, endpoints);
  onFailure("stop the resolver", () => context.resolvers.close(id));
  onFailure("withdraw the names", () => withdrawNames(context, id, endpoints));
  startResolver(context, record);
  const ports = publishPorts(context, request, gateway);
  onFailure("withdraw the ports", () => unpublishPorts(context, record.sandbox, ports));
  context.step("sandbox:ports-published");
  const sandbox = { ...record.sandbox, ports };
  context.sandboxes.put({ ...record, sandbox });
  undo.move();
  return sandbox;
}

/** An endpoint as it will be; nothing is made yet. */
export function planEndpoint(
  context: NetworkContext,
  request: EndpointRequest,
  options: { interfaceName: string; network: Network },
): Endpoint {
  const { network } = options;
  const used = new Set(context.sandboxes.attached(network.id).map(({ endpoint }) => endpoint.ipv4Address));
  const ipv4Address = chooseAddress(network, used, request.ipv4Address);
  return {
    id: newEndpointID(context),
    networkID: network.id,
    networkName: network.name,
    names: request.names,
    interfaceName: options.interfaceName,
    ipv4Address,
    prefixLength: parseSubnet(network.subnet).prefixLength,
    gateway: network.internal ? "" : network.gateway,
    macAddress: request.macAddress ? parseMac(request.macAddress) : macOfAddress(ipv4Address),
  };
}

/** The network of an endpoint; throws `invalid` for `host`, which has no endpoints. */
export function endpointNetwork(context: NetworkContext, request: EndpointRequest): Network {
  const network = context.networks.get(request.networkID);
  if (network.driver !== "host") return network;
  throw new EngineError(
    "invalid",
    "cannot connect container to host network - container must be created in host network mode",
    { subject: network.name },
  );
}

function planEndpoints(context: NetworkContext, requests: readonly EndpointRequest[]): readonly Endpoint[] {
  const wanted = requests
    .map((request) => ({ request, network: endpointNetwork(context, request) }))
    .filter(({ network }) => network.driver === "bridge");
  const distinct = new Set(wanted.map(({ network }) => network.id));
  if (distinct.size < wanted.length) {
    throw new EngineError("invalid", "a container has at most one endpoint on a network", { subject: "" });
  }
  return wanted.map(({ request, network }, index) =>
    planEndpoint(context, request, { interfaceName: `eth${index}`, network }),
  );
}

/** Link names hold seven digits of the ID: those of open endpoints are left out. */
function newEndpointID(context: NetworkContext): string {
  const names = new Set(
    context.sandboxes
      .list()
      .flatMap(({ sandbox }) => sandbox.endpoints.map(({ id }) => hostLinkName(context, id))),
  );
  for (;;) {
    const id = newID();
    if (!names.has(hostLinkName(context, id))) return id;
  }
}

function makeNamespace(context: NetworkContext, sandboxID: string): void {
  mkdirSync(context.namespaces, { recursive: true, mode: 0o711 });
  createNetworkNamespace(namespacePath(context, sandboxID));
}

function recordOf(
  context: NetworkContext,
  request: SandboxRequest,
  endpoints: readonly Endpoint[],
): SandboxRecord {
  const { id, containerName, shareKey, dns } = request;
  return {
    version: 1,
    sandbox: {
      id,
      path: namespacePath(context, id),
      endpoints,
      ports: [],
      resolvConf: resolvConfOf(endpoints, dns),
    },
    containerName,
    ...(shareKey === undefined ? {} : { shareKey }),
    dns,
  };
}
