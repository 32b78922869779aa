import { existsSync, readdirSync } from "node:fs";
import { messageOf } from "../base/index.ts";
import { removeNetworkNamespace, withNetworkNamespace } from "../sys/index.ts";
import { reattachEndpoint } from "./attach.ts";
import { ensureBridge, firewallRules } from "./bridge.ts";
import { closeSandbox } from "./close-sandbox.ts";
import { attempt, hostLinkName, type NetworkContext, namespacePath } from "./context.ts";
import { ensurePredefined } from "./create-network.ts";
import { droppingChains } from "./foreign-firewall.ts";
import { ensureForwarding, releaseForwarding } from "./forwarding.ts";
import { deleteLinks, ownLinks } from "./links.ts";
import { publishingEndpoint } from "./publish.ts";
import { startResolver } from "./resolve.ts";
import type { SandboxRecord } from "./sandboxes.ts";
import type { Network } from "./types.ts";

/**
 * Brings the kernel into the state that the records describe. What is right stays untouched, so traffic of live
 * sandboxes flows on; the firewall's table is replaced in one transaction.
 */
export async function restore(context: NetworkContext, alive: ReadonlySet<string>): Promise<void> {
  const networks = context.networks.list().filter(({ driver }) => driver === "bridge");
  for (const network of networks) restoreBridge(context, network);
  const live = context.sandboxes
    .list()
    .filter(({ sandbox }) => alive.has(sandbox.id) && isOpen(sandbox.path));
  for (const record of live) restoreSandbox(context, record);
  context.firewall.restore(networks.map(firewallRules), context.ports.all());
  context.step("restore:rules-made");
  ensurePredefined(context);
  const kept = new Set(live.map(({ sandbox }) => sandbox.id));
  for (const { sandbox } of context.sandboxes.list()) {
    if (!kept.has(sandbox.id)) closeSandbox(context, sandbox.id);
  }
  for (const file of namespaceFiles(context)) {
    if (!kept.has(file)) removeNetworkNamespace(namespacePath(context, file));
  }
  warnOfForeignFirewall(context);
  await deleteLinks(strayLinks(context));
}

/** Removes everything of this engine, with or without records. */
export async function reset(context: NetworkContext): Promise<void> {
  for (const { sandbox } of context.sandboxes.list()) closeSandbox(context, sandbox.id);
  for (const file of namespaceFiles(context)) removeNetworkNamespace(namespacePath(context, file));
  releaseForwarding(context.prefix, () => context.firewall.remove());
  const links = ownLinks(context).map(({ name }) => name);
  for (const { id } of context.networks.list()) context.networks.remove(id);
  await deleteLinks(links);
}

function warnOfForeignFirewall(context: NetworkContext): void {
  attempt(context.log, "read the host's firewall", "nftables", () => {
    for (const chain of droppingChains()) {
      context.log.warn("another firewall drops what the host passes on; let our links through there", {
        chain,
        links: `${context.prefix}*`,
      });
    }
  });
}

function restoreBridge(context: NetworkContext, network: Network): void {
  try {
    ensureBridge(network, { prefix: context.prefix });
    if (!network.internal) ensureForwarding(context.firewall);
  } catch (error) {
    context.log.error("cannot restore a bridge", { network: network.name, error: messageOf(error) });
  }
}

function restoreSandbox(context: NetworkContext, record: SandboxRecord): void {
  const { sandbox, containerName, shareKey } = record;
  const step = (name: string, work: () => void) => attempt(context.log, name, sandbox.id, work);
  for (const endpoint of sandbox.endpoints) {
    step("attach an endpoint", () =>
      reattachEndpoint(context, endpoint, context.networks.get(endpoint.networkID)),
    );
  }
  const gateway = publishingEndpoint(context, sandbox.endpoints);
  const publisher = {
    sandboxID: sandbox.id,
    containerName,
    endpointID: gateway?.id ?? "",
    address: gateway?.ipv4Address,
    ...(shareKey === undefined ? {} : { shareKey }),
  };
  for (const port of sandbox.ports) context.ports.retake(port, publisher, context.log);
  step("serve names", () => startResolver(context, record));
}

/** False when the namespace is gone: after a reboot the file may be there, but nothing is mounted on it. */
function isOpen(path: string): boolean {
  if (!existsSync(path)) return false;
  try {
    return withNetworkNamespace(path, () => true);
  } catch {
    return false;
  }
}

function namespaceFiles(context: NetworkContext): readonly string[] {
  return existsSync(context.namespaces) ? readdirSync(context.namespaces) : [];
}

/** Links with our names that no record knows. Ends of sandboxes that were just closed go by themselves. */
function strayLinks(context: NetworkContext): readonly string[] {
  const known = new Set([
    ...context.networks.list().map(({ bridge }) => bridge),
    ...context.sandboxes
      .list()
      .flatMap(({ sandbox }) => sandbox.endpoints.map(({ id }) => hostLinkName(context, id))),
  ]);
  return ownLinks(context)
    .map(({ name }) => name)
    .filter((name) => !known.has(name));
}
