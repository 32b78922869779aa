import { EngineError } from "../../../base/index.ts";
import { label, listContainers, type ObservedContainer, projectFilter } from "../../../compose/index.ts";
import type { ContainerSummary } from "../../../wire/index.ts";
import type { Compose } from "./compose-command.ts";

/** The containers of the project, of the services named or of all; one-off ones only when asked for. */
export async function containersOf(
  compose: Compose,
  services: readonly string[],
  options: { readonly oneoff?: boolean } = {},
): Promise<ObservedContainer[]> {
  const { name, project } = await compose.find(services);
  const all = await listContainers(compose.cli.client, name);
  const own = all.filter(({ oneoff }) => options.oneoff || !oneoff);
  requireServices(services, [...(project?.services.keys() ?? []), ...own.map(({ service }) => service)]);
  return services.length === 0 ? own : own.filter(({ service }) => services.includes(service));
}

/** Throws `not-found`, in Compose's words, for a name that is no service. */
export function requireServices(named: readonly string[], known: readonly string[]): void {
  const unknown = named.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new EngineError("not-found", `no such service: ${unknown}`, { subject: unknown });
}

/** The engine's own rows for the containers of a project. */
export async function summariesOf(
  compose: Compose,
  project: string,
  all: boolean,
): Promise<ContainerSummary[]> {
  const rows = await compose.cli.client.containers.list({ all, filters: projectFilter(project) });
  return rows.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** The name of a container, without the slash. */
export function nameOf(summary: ContainerSummary): string {
  return (summary.Names[0] ?? "").replace(/^\//, "");
}

/** A label of a container, or nothing. */
export function labelOf(summary: ContainerSummary, key: keyof typeof label): string {
  return summary.Labels?.[label[key]] ?? "";
}

/** The one container of a service that `--index` means, the first when it is not given. */
export async function oneContainer(
  compose: Compose,
  service: string,
  index: number | undefined,
): Promise<ObservedContainer> {
  const found = await containersOf(compose, [service]);
  const running = found.filter(({ state }) => state === "running");
  const one =
    index === undefined || index === 0 ? running[0] : running.find(({ number }) => number === index);
  if (one) return one;
  const which =
    index === undefined || index === 0 ? `service "${service}"` : `service "${service}" container #${index}`;
  throw new EngineError("not-found", `${which} is not running`, { subject: service });
}
