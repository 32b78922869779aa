import { EngineError } from "../base/index.ts";
import { attachEndpoint, muteEndpoints, routeThrough } from "./attach.ts";
import { hostLinkName, type NetworkContext } from "./context.ts";
import { deleteLinks } from "./links.ts";
import { endpointNetwork, planEndpoint } from "./open-sandbox.ts";
import { publishingEndpoint, republishPorts } from "./publish.ts";
import { resolvConfOf, startResolver, withdrawNames } from "./resolve.ts";
import type { SandboxRecord } from "./sandboxes.ts";
import type { Endpoint, EndpointRequest } from "./types.ts";

/** Adds an endpoint to an open sandbox; it is the way out only when there was none. All or nothing. */
export function connect(context: NetworkContext, sandboxID: string, request: EndpointRequest): Endpoint {
  const record = context.sandboxes.get(sandboxID);
  const network = endpointNetwork(context, request);
  const { endpoints } = record.sandbox;
  if (network.driver !== "bridge") {
    throw new EngineError(
      "invalid",
      "container cannot be connected to multiple networks with one of the networks in private (none) mode",
      { subject: network.name },
    );
  }
  if (endpoints.some(({ networkID }) => networkID === network.id)) {
    throw new EngineError(
      "denied",
      `endpoint with name ${record.containerName} already exists in network ${network.name}`,
      { subject: network.name },
    );
  }
  const endpoint = planEndpoint(context, request, { interfaceName: freeInterface(endpoints), network });
  const updated = withEndpoints(record, [...endpoints, endpoint]);
  using undo = new DisposableStack();
  undo.defer(() => removeLink(context, endpoint));
  const isWayOut = publishingEndpoint(context, updated.sandbox.endpoints) === endpoint;
  attachEndpoint(context, sandboxID, endpoint, { network, isWayOut });
  context.step("connect:endpoint-attached");
  undo.defer(() => withdrawNames(context, sandboxID, [endpoint]));
  startResolver(context, updated);
  republishPorts(context, updated);
  context.step("connect:ports-republished");
  context.sandboxes.put(updated);
  undo.move();
  return endpoint;
}

/** Takes an endpoint away from an open sandbox; another one becomes the way out where there is one. */
export async function disconnect(
  context: NetworkContext,
  sandboxID: string,
  networkID: string,
): Promise<void> {
  const record = context.sandboxes.get(sandboxID);
  const { id, name } = context.networks.get(networkID);
  const endpoint = record.sandbox.endpoints.find((candidate) => candidate.networkID === id);
  if (!endpoint) {
    throw new EngineError("denied", `container ${sandboxID} is not connected to network ${name}`, {
      subject: name,
    });
  }
  const rest = record.sandbox.endpoints.filter((candidate) => candidate !== endpoint);
  const updated = withEndpoints(record, rest);
  const before = publishingEndpoint(context, record.sandbox.endpoints);
  const after = publishingEndpoint(context, rest);
  // Before the record says so: a container without a way out would stay so after a kill in between.
  if (after && after !== before) routeThrough(context, sandboxID, after);
  context.step("disconnect:rerouted");
  withdrawNames(context, sandboxID, [endpoint]);
  muteEndpoints(context, [endpoint]);
  context.sandboxes.put(updated);
  republishPorts(context, updated);
  context.step("disconnect:ports-republished");
  await deleteLinks([hostLinkName(context, endpoint.id)]);
  context.step("disconnect:link-gone");
}

function withEndpoints(record: SandboxRecord, endpoints: readonly Endpoint[]): SandboxRecord {
  const resolvConf = resolvConfOf(endpoints, record.dns);
  return { ...record, sandbox: { ...record.sandbox, endpoints, resolvConf } };
}

function freeInterface(endpoints: readonly Endpoint[]): string {
  const taken = new Set(endpoints.map(({ interfaceName }) => interfaceName));
  for (let number = 0; ; number += 1) {
    if (!taken.has(`eth${number}`)) return `eth${number}`;
  }
}

function removeLink(context: NetworkContext, endpoint: Endpoint): void {
  const name = hostLinkName(context, endpoint.id);
  deleteLinks([name]).catch((error) => context.log.warn("link is left over", { link: name, error }));
}
