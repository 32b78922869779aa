import { type Observed, observe } from "../../../compose/index.ts";
import type { Compose } from "./compose-command.ts";

/** The project's name, and of what is there only the containers of services that it no longer has. */
export async function observeOrphans(compose: Compose): Promise<{ name: string; observed: Observed }> {
  const { name, project } = await compose.find();
  const observed = await observe(compose.cli.client, { project: name });
  const known = new Set([...(project?.services.keys() ?? []), ...(project?.disabled ?? [])]);
  const containers = observed.containers.filter(
    ({ service }) => project !== undefined && !known.has(service),
  );
  return { name, observed: { ...observed, containers } };
}
