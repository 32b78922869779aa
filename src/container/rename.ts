import { EngineError } from "../base/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { announceContainer } from "./facts.ts";
import { parseName } from "./name.ts";
import { endpointNames } from "./network-open.ts";
import type { ContainerRecord } from "./types.ts";

/** Gives a container another name; throws `conflict` for a taken one, `invalid` for a bad one or its own. */
export async function renameContainer(
  needs: Pick<Collaborators, "store" | "network" | "announce">,
  reference: string,
  newName: string,
): Promise<void> {
  const { id } = needs.store.get(reference);
  if (newName === "") {
    throw new EngineError("invalid", "Neither old nor new names may be empty", { subject: id });
  }
  const name = parseName(newName);
  await needs.store.locks.run(id, () => {
    const before = needs.store.get(id);
    if (before.name === name) {
      throw new EngineError("invalid", "Renaming a container with the same name as its current name", {
        subject: id,
      });
    }
    using _taken = needs.store.reserveName(name, id);
    const record = { ...before, name };
    needs.store.put(record);
    using _given = needs.store.reserveName(before.name, id);
    renameEndpoints(needs, record);
    announceContainer(needs.announce, record, "rename", { oldName: `/${before.name}` });
  });
}

/** Gives the endpoints of a container that runs the names that its record says. */
export function renameEndpoints(needs: Pick<Collaborators, "network">, record: ContainerRecord): void {
  const sandbox = needs.network.findSandbox(record.id);
  if (!sandbox) return;
  const names = sandbox.endpoints.map((endpoint) => {
    const settings = record.endpoints[endpoint.networkName] ?? record.endpoints[endpoint.networkID] ?? {};
    return [endpoint.networkID, endpointNames(record, settings)] as const;
  });
  needs.network.rename(record.id, new Map(names));
}
