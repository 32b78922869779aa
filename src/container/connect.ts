import { EngineError } from "../base/index.ts";
import type { EndpointSettings } from "../wire/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { checkConnection } from "./endpoint-options.ts";
import { announceNetwork } from "./facts.ts";
import { rewriteHosts } from "./files.ts";
import { endpointRequest } from "./network-open.ts";
import { isSpecialMode } from "./network-plan.ts";
import { isLive } from "./state.ts";
import type { ContainerRecord } from "./types.ts";

type Needs = Pick<Collaborators, "store" | "network" | "announce" | "paths" | "step">;

/** Connects a container to one more network: at once when it runs, else at its next start. */
export async function connectContainer(
  needs: Needs,
  networkReference: string,
  reference: string,
  settings: EndpointSettings,
): Promise<void> {
  const network = needs.network.get(networkReference);
  const { id } = needs.store.get(reference);
  await needs.store.locks.run(id, async () => {
    const record = needs.store.get(id);
    checkMode(record);
    if (endpointKey(record, network) !== undefined) {
      throw new EngineError(
        "denied",
        `endpoint with name ${record.name} already exists in network ${network.name}`,
        { subject: record.id },
      );
    }
    checkConnection(network.name, settings, { live: isLive(record.state) });
    if (isLive(record.state)) {
      await needs.network.connect(id, endpointRequest(needs.network, record, network.id, settings));
      needs.step("connect:attached");
    }
    const updated = { ...record, endpoints: { ...record.endpoints, [network.name]: settings } };
    needs.store.put(updated);
    if (!isLive(record.state)) return;
    await rewriteHosts(needs, updated);
    announceNetwork(needs.announce, "connect", network, { container: id });
  });
}

/** Takes a container off a network; throws `invalid` when it is not connected. */
export async function disconnectContainer(
  needs: Needs,
  networkReference: string,
  reference: string,
): Promise<void> {
  const network = needs.network.get(networkReference);
  const { id } = needs.store.get(reference);
  await needs.store.locks.run(id, async () => {
    const record = needs.store.get(id);
    const key = endpointKey(record, network);
    if (key === undefined) {
      throw new EngineError("denied", `container ${id} is not connected to network ${network.name}`, {
        subject: id,
      });
    }
    if (isLive(record.state)) await needs.network.disconnect(id, network.id);
    needs.step("disconnect:detached");
    const { [key]: _gone, ...endpoints } = record.endpoints;
    const updated = { ...record, endpoints };
    needs.store.put(updated);
    if (!isLive(record.state)) return;
    await rewriteHosts(needs, updated);
    announceNetwork(needs.announce, "disconnect", network, { container: id });
  });
}

/** Under which key a container's record holds this network. */
export function endpointKey(
  record: ContainerRecord,
  network: { id: string; name: string },
): string | undefined {
  return Object.keys(record.endpoints).find(
    (key) => key === network.name || key === network.id || (key.length >= 12 && network.id.startsWith(key)),
  );
}

function checkMode(record: ContainerRecord): void {
  const mode = record.hostConfig.NetworkMode ?? "";
  if (!isSpecialMode(mode)) return;
  const words: Readonly<Record<string, string>> = {
    host: "cannot connect container to a network while it shares the network stack of the host",
    none: "container cannot be connected to multiple networks with one of the networks in private (none) mode",
  };
  throw new EngineError(
    "denied",
    words[mode] ??
      "container sharing network namespace with another container or host cannot be connected to any other network",
    { subject: record.id },
  );
}
