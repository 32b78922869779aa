import { join } from "node:path";
import { type Logger, messageOf, type Step } from "../base/index.ts";
import type { Resolvers } from "./dns/index.ts";
import type { Firewall } from "./firewall/index.ts";
import type { HostPorts } from "./host-ports.ts";
import type { Networks } from "./networks.ts";
import type { Sandboxes } from "./sandboxes.ts";

/** The collaborators of the verbs in this folder. */
export interface NetworkContext {
  /** What the names of our links and of our table begin with. */
  readonly prefix: string;
  /** Where namespaces are pinned. */
  readonly namespaces: string;
  readonly log: Logger;
  readonly networks: Networks;
  readonly sandboxes: Sandboxes;
  readonly firewall: Firewall;
  readonly ports: HostPorts;
  readonly resolvers: Resolvers;
  /** Marks durable steps, for fault tests. */
  readonly step: Step;
}

/** Where the namespace of a sandbox is pinned. */
export function namespacePath(context: Pick<NetworkContext, "namespaces">, sandboxID: string): string {
  return join(context.namespaces, sandboxID);
}

/** The host's end of an endpoint's link. */
export function hostLinkName(context: Pick<NetworkContext, "prefix">, endpointID: string): string {
  return `${context.prefix}v${endpointID.slice(0, 7)}`;
}

/** Does a step of cleaning up: a failure is logged and neither stops the other steps nor hides what led here. */
export function attempt(log: Logger, step: string, subject: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    log.warn(`cannot ${step}`, { subject, error: messageOf(error) });
  }
}
