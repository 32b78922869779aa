import type { Collaborators } from "./collaborators.ts";
import { announceNetwork } from "./facts.ts";
import type { ContainerRecord } from "./types.ts";

/** Announces for each endpoint of a container that it joined or left its network. */
export function announceEndpoints(
  needs: Pick<Collaborators, "network" | "announce">,
  record: ContainerRecord,
  action: "connect" | "disconnect",
): void {
  for (const endpoint of needs.network.findSandbox(record.id)?.endpoints ?? []) {
    const network = needs.network.list().find((candidate) => candidate.id === endpoint.networkID);
    if (network) announceNetwork(needs.announce, action, network, { container: record.id });
  }
}
