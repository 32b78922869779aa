import { hostBinding } from "./bridge.ts";
import { forgetDatagramsAt, forgetDatagramsTo } from "./conntrack.ts";
import { attempt, type NetworkContext } from "./context.ts";
import type { SandboxRecord } from "./sandboxes.ts";
import type { Endpoint, PublishedPort, Sandbox, SandboxRequest } from "./types.ts";

/** The endpoint through which a sandbox reaches the outside and is reached at its published ports. */
export function publishingEndpoint(
  context: Pick<NetworkContext, "networks">,
  endpoints: readonly Endpoint[],
): Endpoint | undefined {
  return endpoints.find(({ networkID }) => !context.networks.get(networkID).internal);
}

/**
 * Publishes the ports of a new sandbox, all or none. Without a way out there is nothing to publish.
 */
export function publishPorts(
  context: NetworkContext,
  request: SandboxRequest,
  gateway: Endpoint | undefined,
): readonly PublishedPort[] {
  if (!gateway || request.ports.length === 0) return [];
  const published: PublishedPort[] = [];
  using undo = new DisposableStack();
  undo.defer(() =>
    attempt(context.log, "withdraw the ports", request.id, () =>
      unpublishPorts(context, { id: request.id, endpoints: [gateway] }, published),
    ),
  );
  const publisher = {
    sandboxID: request.id,
    containerName: request.containerName,
    endpointID: gateway.id,
    address: gateway.ipv4Address,
    ...(request.shareKey === undefined ? {} : { shareKey: request.shareKey }),
  };
  const defaultIP = hostBinding(context.networks.get(gateway.networkID));
  for (const port of request.ports) {
    published.push(context.ports.publish({ ...port, hostIP: port.hostIP || defaultIP }, publisher));
  }
  context.firewall.setPorts(context.ports.rules(published).live);
  forgetBefore(context, published);
  undo.move();
  return published;
}

/** Takes a sandbox out from behind these ports. */
export function unpublishPorts(
  context: NetworkContext,
  { id, endpoints }: Pick<Sandbox, "id" | "endpoints">,
  ports: readonly PublishedPort[],
): void {
  if (ports.length === 0) return;
  context.ports.release(id, ports);
  const { live, gone } = context.ports.rules(ports);
  context.firewall.updatePorts(live, gone);
  const address = publishingEndpoint(context, endpoints)?.ipv4Address;
  if (address && ports.some(isUdp)) {
    attempt(context.log, "forget datagrams", id, () => forgetDatagramsTo(address));
  }
}

/** Leads the published ports of a sandbox to the endpoint that is now its way out; without one nowhere. */
export function republishPorts(context: NetworkContext, { sandbox }: SandboxRecord): void {
  if (sandbox.ports.length === 0) return;
  const address = publishingEndpoint(context, sandbox.endpoints)?.ipv4Address;
  context.ports.retarget(sandbox.id, sandbox.ports, address);
  context.firewall.updatePorts(context.ports.rules(sandbox.ports).live, []);
}

/** Datagrams that came before the port was published must not go on being taken for the host's own. */
function forgetBefore(context: NetworkContext, ports: readonly PublishedPort[]): void {
  for (const { hostPort } of ports.filter(isUdp)) {
    attempt(context.log, "forget datagrams", String(hostPort), () => forgetDatagramsAt(hostPort));
  }
}

function isUdp({ protocol }: PublishedPort): boolean {
  return protocol === "udp";
}
