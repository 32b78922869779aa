import { createDraft, type Draft, type Plan } from "./graph.ts";
import { label } from "./labels.ts";
import type { Project } from "./model/index.ts";
import { imageName } from "./names.ts";
import type { Observed, ObservedContainer } from "./observe.ts";
import { findOrphans, orphanWarning } from "./orphans.ts";
import { removeContainer } from "./plan-remove.ts";

export interface DownOptions {
  /** Only these services; empty: all, with networks, volumes and images. */
  readonly services?: readonly string[];
  readonly removeOrphans?: boolean;
  readonly volumes?: boolean;
  /** `local`: images without a name of their own; `all`: every image of the project. */
  readonly images?: "local" | "all" | undefined;
  readonly timeout?: number | undefined;
}

/**
 * Plans to take a project down: containers that depend on others first, then networks, volumes and images. Without a
 * loaded project, what carries the labels of `name` is the project.
 */
export function planDown(
  name: string,
  observed: Observed,
  options: DownOptions & { readonly project?: Project },
): Plan {
  const draft = createDraft();
  const { project } = options;
  const orphans = project === undefined ? [] : findOrphans(project, observed);
  const only = options.services?.length ? new Set(options.services) : undefined;
  const leave = new Set(options.removeOrphans || only ? [] : orphans.map(({ id }) => id));
  if (leave.size > 0) draft.warn(orphanWarning(orphans));
  const containers = observed.containers.filter(
    ({ id, service }) => !leave.has(id) && (only?.has(service) ?? true),
  );
  const removed = removeInReverse(draft, containers, options);
  if (only) return draft.finish();
  removeNetworks(draft, { name, observed, project, needs: removed });
  if (options.volumes) removeVolumes(draft, { name, observed, project, needs: removed });
  if (options.images && project)
    removeImages(draft, { project, observed, which: options.images, needs: removed });
  return draft.finish();
}

/** Each container goes after those that depend on it. */
function removeInReverse(
  draft: Draft,
  containers: readonly ObservedContainer[],
  options: DownOptions,
): number[] {
  const steps = new Map<string, number[]>();
  const dependents = dependentsOf(containers);
  const visit = (service: string, trail: readonly string[]): number[] => {
    const known = steps.get(service);
    if (known !== undefined || trail.includes(service)) return known ?? [];
    const needs = (dependents.get(service) ?? []).flatMap((other) => visit(other, [...trail, service]));
    const own = containers
      .filter((container) => container.service === service)
      .sort((a, b) => b.number - a.number)
      .map((container) =>
        removeContainer(draft, container, {
          cause: "down",
          needs,
          timeout: options.timeout,
          volumes: options.volumes ?? false,
        }),
      );
    steps.set(service, own);
    return own;
  };
  for (const { service } of containers) visit(service, []);
  return [...steps.values()].flat();
}

/** For each service those that need it, by the labels of the containers. */
export function dependentsOf(containers: readonly ObservedContainer[]): Map<string, string[]> {
  const dependents = new Map<string, string[]>();
  for (const { service, labels } of containers) {
    for (const dependency of (labels[label.dependsOn] ?? "").split(",")) {
      const [name] = dependency.split(":");
      if (!name || name === service) continue;
      const known = dependents.get(name) ?? [];
      if (!known.includes(service)) dependents.set(name, [...known, service]);
    }
  }
  return dependents;
}

interface Removal {
  readonly name: string;
  readonly observed: Observed;
  readonly project: Project | undefined;
  readonly needs: readonly number[];
}

function removeNetworks(draft: Draft, { name, observed, needs }: Removal): void {
  for (const network of observed.networks.values()) {
    if (network.Labels?.[label.project] !== name) continue;
    draft.add({
      resource: `network:${network.Labels[label.network] ?? network.Name}`,
      operation: { kind: "RemoveNetwork", name: network.Name, id: network.Id },
      cause: "down",
      needs,
      show: { subject: `Network ${network.Name}`, working: "Removing", done: "Removed" },
    });
  }
}

function removeVolumes(draft: Draft, { name, observed, project, needs }: Removal): void {
  const declared = new Set([...(project?.volumes.values() ?? [])].map((volume) => volume.name));
  for (const volume of observed.volumes.values()) {
    const own = volume.Labels?.[label.project] === name && volume.Labels[label.volume] !== undefined;
    if (!own || (project !== undefined && !declared.has(volume.Name))) continue;
    draft.add({
      resource: `volume:${volume.Labels?.[label.volume] ?? volume.Name}`,
      operation: { kind: "RemoveVolume", name: volume.Name },
      cause: "down",
      needs,
      show: { subject: `Volume ${volume.Name}`, working: "Removing", done: "Removed" },
    });
  }
}

interface ImageRemoval {
  readonly project: Project;
  readonly observed: Observed;
  readonly which: "local" | "all";
  readonly needs: readonly number[];
}

function removeImages(draft: Draft, { project, observed, which, needs }: ImageRemoval): void {
  const names = [...project.services.values()]
    .filter((service) => which === "all" || service.image === undefined)
    .map((service) => imageName(project, service));
  for (const image of new Set(names)) {
    if (!observed.images.has(image)) continue;
    draft.add({
      resource: `image:${image}`,
      operation: { kind: "RemoveImage", image },
      cause: "down",
      needs,
      show: { subject: `Image ${image}`, working: "Removing", done: "Removed" },
    });
  }
}
