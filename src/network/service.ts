import { join } from "node:path";
import { EngineError, type Logger, noStep, type Step } from "../base/index.ts";
import type { Records } from "../records/index.ts";
import { closeSandbox } from "./close-sandbox.ts";
import { connect, disconnect } from "./connect.ts";
import type { NetworkContext } from "./context.ts";
import { createNetwork } from "./create-network.ts";
import { Resolvers } from "./dns/index.ts";
import { Firewall } from "./firewall/index.ts";
import { HostPorts } from "./host-ports.ts";
import { Networks } from "./networks.ts";
import { openSandbox } from "./open-sandbox.ts";
import { removeNetwork } from "./remove-network.ts";
import { publishNames } from "./resolve.ts";
import { reset, restore } from "./restore.ts";
import { Sandboxes } from "./sandboxes.ts";
import type { NetworkService } from "./types.ts";

/**
 * Opens the networks of an engine. `prefix` begins the name of everything it makes on the host: one engine, one
 * prefix. Nothing is touched before `restore`, which is to be called first.
 */
export async function openNetworkService(options: {
  readonly records: Records;
  readonly runDirectory: string;
  readonly prefix: string;
  readonly log: Logger;
  readonly step?: Step;
}): Promise<NetworkService> {
  const { records, runDirectory, prefix, log } = options;
  if (!/^[a-z][a-z0-9]{0,5}$/.test(prefix)) {
    throw new EngineError("invalid", `invalid network prefix ${prefix}: it must match [a-z][a-z0-9]{0,5}`, {
      subject: prefix,
    });
  }
  const context: NetworkContext = {
    prefix,
    namespaces: join(runDirectory, "netns"),
    log,
    networks: new Networks(records),
    sandboxes: new Sandboxes(records),
    firewall: new Firewall({ table: prefix, log }),
    ports: new HostPorts(),
    resolvers: new Resolvers(log),
    step: options.step ?? noStep,
  };
  return bind(context);
}

function bind(context: NetworkContext): NetworkService {
  return {
    create: async (options) => createNetwork(context, options),
    remove: (id) => removeNetwork(context, id),
    get: (reference) => context.networks.get(reference),
    list: () => context.networks.list(),
    openSandbox: async (request) => openSandbox(context, request),
    closeSandbox: async (id) => closeSandbox(context, id),
    findSandbox: (id) => context.sandboxes.find(id)?.sandbox,
    connect: async (sandboxID, request) => connect(context, sandboxID, request),
    disconnect: (sandboxID, networkID) => disconnect(context, sandboxID, networkID),
    attached: (networkID) => context.sandboxes.attached(networkID),
    rename: (sandboxID, names) => rename(context, sandboxID, names),
    restore: (alive) => restore(context, alive),
    close: async () => close(context),
    reset: async () => {
      await reset(context);
      close(context);
    },
  };
}

function rename(
  context: NetworkContext,
  sandboxID: string,
  names: ReadonlyMap<string, readonly string[]>,
): void {
  const record = context.sandboxes.find(sandboxID);
  if (!record) return;
  const endpoints = record.sandbox.endpoints.map((endpoint) => ({
    ...endpoint,
    names: names.get(endpoint.networkID) ?? endpoint.names,
  }));
  if (JSON.stringify(endpoints) === JSON.stringify(record.sandbox.endpoints)) return;
  context.sandboxes.put({ ...record, sandbox: { ...record.sandbox, endpoints } });
  publishNames(context, sandboxID, endpoints);
}

function close(context: NetworkContext): void {
  context.resolvers[Symbol.dispose]();
  context.ports[Symbol.dispose]();
  context.firewall[Symbol.dispose]();
}
