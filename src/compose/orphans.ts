import type { Project } from "./model/index.ts";
import type { Observed, ObservedContainer } from "./observe.ts";

/** Containers of services that the project no longer has. */
export function findOrphans(project: Project, observed: Pick<Observed, "containers">): ObservedContainer[] {
  const known = new Set([...project.services.keys(), ...project.disabled]);
  return observed.containers.filter(({ service, oneoff }) => !oneoff && !known.has(service));
}

export function orphanWarning(orphans: readonly ObservedContainer[]): string {
  const names = orphans.map(({ name }) => name).join(" ");
  return `Found orphan containers ([${names}]) for this project. If you removed or renamed this service in your compose file, you can run this command with the --remove-orphans flag to clean it up.`;
}
