import { namespaceOwners, networkName, volumeNames } from "./container-request.ts";
import type { Project, Service } from "./model/index.ts";
import { imageName } from "./names.ts";
import type { Observed, ObservedContainer } from "./observe.ts";

export interface Comparison {
  readonly project: Project;
  readonly observed: Observed;
  /** Networks that are made anew. */
  readonly renewed: ReadonlySet<string>;
  /** Services whose containers are replaced by this plan. */
  readonly replaced: ReadonlySet<string>;
  readonly recreate: "changed" | "always" | "never";
}

/** Why a container has to be made anew to be what the file wants; undefined when it is that already. */
export function recreateCause(
  container: ObservedContainer,
  service: Service,
  comparison: Comparison,
): string | undefined {
  const { project, observed, recreate } = comparison;
  if (recreate === "never") return undefined;
  if (recreate === "always") return "forced";
  if (container.hash !== service.hash) return "configuration changed";
  const image = observed.images.get(imageName(project, service));
  if (image !== undefined && image.id !== container.imageID) return "image changed";
  return networkCause(container, service, comparison) ?? volumeCause(container, service, comparison);
}

function networkCause(
  container: ObservedContainer,
  service: Service,
  { project, observed, renewed, replaced }: Comparison,
): string | undefined {
  for (const use of service.networks) {
    const name = networkName(project, use);
    const wanted = observed.networks.get(name)?.Id;
    const actual = container.networks.get(name);
    if (
      renewed.has(name) ||
      wanted === undefined ||
      actual === undefined ||
      (actual !== "" && actual !== wanted)
    ) {
      return `network ${name} changed`;
    }
  }
  const owner = namespaceOwners(service).find((name) => replaced.has(name));
  return owner === undefined ? undefined : `service ${owner} is recreated`;
}

function volumeCause(
  container: ObservedContainer,
  service: Service,
  { project }: Comparison,
): string | undefined {
  const mounted = new Set(container.mounts.map(({ Name }) => Name));
  const absent = volumeNames(project, service).find((name) => !mounted.has(name));
  return absent === undefined ? undefined : `volume ${absent} changed`;
}

/** Which of a service's containers stay, with why they need to be made anew, and which are too many. */
export interface Choice {
  readonly keep: readonly { readonly container: ObservedContainer; readonly cause: string | undefined }[];
  readonly surplus: readonly ObservedContainer[];
  /** Numbers for containers that are missing. */
  readonly missing: readonly number[];
}

/**
 * Chooses for `wanted` containers: those that are as the file says before those that are not, low numbers before high
 * ones, and no number twice.
 */
export function chooseContainers(
  containers: readonly ObservedContainer[],
  wanted: number,
  causeOf: (container: ObservedContainer) => string | undefined,
): Choice {
  const ranked = containers
    .map((container) => ({ container, cause: causeOf(container) }))
    .sort(
      (a, b) =>
        Number(a.cause !== undefined) - Number(b.cause !== undefined) ||
        a.container.number - b.container.number ||
        b.container.created - a.container.created,
    );
  const numbers = new Set<number>();
  const keep: (typeof ranked)[number][] = [];
  const surplus: ObservedContainer[] = [];
  for (const one of ranked) {
    if (keep.length < wanted && !numbers.has(one.container.number)) {
      numbers.add(one.container.number);
      keep.push(one);
    } else surplus.push(one.container);
  }
  const taken = new Set(containers.map(({ number }) => number));
  const missing: number[] = [];
  for (let number = 1; keep.length + missing.length < wanted; number += 1) {
    if (!taken.has(number)) missing.push(number);
  }
  keep.sort((a, b) => a.container.number - b.container.number);
  return { keep, surplus, missing };
}
