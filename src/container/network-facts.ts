import type { Endpoint } from "../network/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { announceNetwork } from "./facts.ts";
import type { ContainerRecord } from "./types.ts";

/** Announces for each endpoint of a container that it joined or left its network. */
export function announceEndpoints(
  needs: Pick<Collaborators, "network" | "announce">,
  record: ContainerRecord,
  endpoints: readonly Endpoint[],
  action: "connect" | "disconnect",
): void {
  for (const endpoint of endpoints) {
    const network = needs.network.list().find((candidate) => candidate.id === endpoint.networkID);
    if (network) announceNetwork(needs.announce, action, network, { container: record.id });
  }
}
