import type { NetworkContext } from "./context.ts";
import type { ResolverView } from "./dns/index.ts";
import { publishingEndpoint } from "./publish.ts";
import { containerResolvConf, type DnsOverrides, readHostResolvConf } from "./resolv-conf.ts";
import type { SandboxRecord } from "./sandboxes.ts";
import type { Endpoint } from "./types.ts";

const dnsPort = 53;
const defaultNetwork = "bridge";

/** The text for a container's /etc/resolv.conf. */
export function resolvConfOf(endpoints: readonly Endpoint[], overrides: DnsOverrides): string {
  const kind = endpoints.length === 0 ? "none" : hasNames(endpoints) ? "embedded" : "bridge";
  return containerResolvConf(kind, readHostResolvConf(), overrides);
}

/** Makes a sandbox's names known and, when it is on a network with names, serves it a resolver. */
export function startResolver(context: NetworkContext, record: SandboxRecord): void {
  const { sandbox } = record;
  publishNames(context, sandbox.id, sandbox.endpoints);
  if (!hasNames(sandbox.endpoints)) return;
  context.resolvers.open(sandbox, () => viewOf(context, context.sandboxes.find(sandbox.id) ?? record));
}

/** Enters endpoints under their present names. The default network has no names. */
export function publishNames(
  context: Pick<NetworkContext, "resolvers">,
  sandboxID: string,
  endpoints: readonly Endpoint[],
): void {
  for (const endpoint of endpoints.filter(isNamed)) {
    const network = { id: endpoint.networkID, name: endpoint.networkName };
    context.resolvers.names.set(network, sandboxID, endpoint);
  }
}

export function withdrawNames(
  context: Pick<NetworkContext, "resolvers">,
  sandboxID: string,
  endpoints: readonly Endpoint[],
): void {
  for (const { networkID } of endpoints) context.resolvers.names.remove(networkID, sandboxID);
}

function viewOf(context: NetworkContext, { sandbox, dns }: SandboxRecord): ResolverView {
  return {
    networkIDs: sandbox.endpoints.filter(isNamed).map(({ networkID }) => networkID),
    upstreams: () => {
      if (publishingEndpoint(context, sandbox.endpoints) === undefined) return [];
      const servers = dns.servers.length > 0 ? dns.servers : readHostResolvConf().nameservers;
      return servers.map((address) => ({ address, port: dnsPort }));
    },
    keepsSingleLabels: dns.options.some((option) => /^ndots:[1-9]/.test(option)),
  };
}

function hasNames(endpoints: readonly Endpoint[]): boolean {
  return endpoints.some(isNamed);
}

function isNamed(endpoint: Endpoint): boolean {
  return endpoint.networkName !== defaultNetwork;
}
