import type { Comparison } from "./choose-containers.ts";
import { containerRequest, namespaceOwners, networkName, volumeNames } from "./container-request.ts";
import type { Draft } from "./graph.ts";
import type { Project, Service } from "./model/index.ts";
import { imageName } from "./names.ts";
import type { Observed, ObservedContainer } from "./observe.ts";
import type { ContainerRef } from "./operation.ts";
import type { Resources } from "./plan-resources.ts";

/** One container as it will be, and the steps after which it is there (none: it is already). */
export interface Planned {
  readonly container: ContainerRef;
  readonly ready: readonly number[];
  /** Whether `ready` includes that it can be counted on. */
  readonly settled?: boolean;
}

/** What a plan says of a service: dependents wait for it. */
export interface PlannedService {
  readonly service: Service;
  readonly containers: readonly Planned[];
  /** Whether any container is made anew or started. */
  readonly changed: boolean;
  readonly replaced: boolean;
}

export interface ServiceContext {
  readonly draft: Draft;
  readonly project: Project;
  readonly observed: Observed;
  readonly resources: Resources;
  readonly service: Service;
  readonly comparison: Comparison;
  readonly wanted: number;
  readonly start: boolean;
  readonly timeout: number | undefined;
  readonly renewAnonymousVolumes: boolean;
  /** The steps that must be done before a container of this service starts; called only when one does. */
  readonly gate: () => readonly number[];
  /** Steps before a container that lives in another's namespaces can be made. */
  readonly ownersReady: (names: readonly string[]) => readonly number[];
}

export interface Starting {
  readonly number: number;
  readonly container: ContainerRef;
  readonly after: readonly number[];
  readonly cause: string;
}

/** The container started, where the plan starts containers, once all that the service needs is there. */
export function started(context: ServiceContext, { number, container, after, cause }: Starting): Planned {
  if (!context.start) return { container, ready: after };
  const start = context.draft.add({
    resource: resourceOf(context.service, number),
    operation: { kind: "StartContainer", container },
    cause,
    needs: [...after, ...context.gate()],
    show: { subject: `Container ${container.name}`, working: "Starting", done: "Started" },
  });
  return { container, ready: [start] };
}

/** The steps after which a new container can be counted on: healthy, where it has a check, else up for a while. */
export function settled(
  context: ServiceContext,
  { container, ready, settled: already }: Planned,
): readonly number[] {
  const { draft, service, project, observed, start } = context;
  if (!start || already || ready.length === 0) return ready;
  const image = observed.images.get(imageName(project, service));
  const disabled = service.config.Healthcheck?.Test?.[0] === "NONE";
  const checked = !disabled && (service.healthcheck || (image?.healthcheck ?? false));
  return [
    draft.add({
      resource: `service:${service.name}`,
      operation: {
        kind: "WaitContainer",
        container,
        until: checked ? "healthy" : { settled: service.update.settle },
      },
      cause: "others go when this one can be counted on",
      needs: ready,
      show: {
        subject: `Container ${container.name}`,
        working: "Waiting",
        done: checked ? "Healthy" : "Running",
      },
    }),
  ];
}

/** The body that creates container `number` of the service. */
export function request(context: ServiceContext, number: number, replaces?: ObservedContainer) {
  const { project, service, observed, renewAnonymousVolumes } = context;
  return containerRequest({
    project,
    service,
    number,
    imageID: observed.images.get(imageName(project, service))?.id ?? "",
    renewAnonymousVolumes,
    ...(replaces === undefined ? {} : { replaces }),
  });
}

/** The steps without which a container of the service cannot be made. */
export function beforeCreate({ project, service, resources, ownersReady }: ServiceContext): number[] {
  const names = [
    ...service.networks.map((use) => networkName(project, use)),
    ...volumeNames(project, service),
  ];
  return [
    ...names.flatMap((name) => resources.steps.get(name) ?? []),
    ...ownersReady(namespaceOwners(service)),
  ];
}

/** The platform that the service asks for, as the call takes it. */
export function platform(service: Service): { platform?: string } {
  return service.platform === undefined ? {} : { platform: service.platform };
}

/** What steps of container `number` belong to. */
export function resourceOf(service: Service, number: number): string {
  return `service:${service.name}:${number}`;
}
