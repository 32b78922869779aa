import { type Comparison, chooseContainers, recreateCause } from "./choose-containers.ts";
import { containerRequest, namespaceOwners, networkName, volumeNames } from "./container-request.ts";
import type { Draft } from "./graph.ts";
import type { Project, Service } from "./model/index.ts";
import { containerName, imageName, isTemporaryName, temporaryName } from "./names.ts";
import type { Observed, ObservedContainer } from "./observe.ts";
import type { ContainerRef } from "./operation.ts";
import { type Resources, stopStep } from "./plan-resources.ts";

/** One container as it will be, and the steps after which it is there (none: it is already). */
export interface Planned {
  readonly container: ContainerRef;
  readonly ready: readonly number[];
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

/** Brings one service to what the file wants: more, fewer, newer containers, and all of them started. */
export function planService(context: ServiceContext): PlannedService {
  const { service, observed, comparison, wanted } = context;
  const containers = observed.containers.filter((one) => one.service === service.name && !one.oneoff);
  const choice = chooseContainers(containers, wanted, (one) => recreateCause(one, service, comparison));
  const added = choice.missing.map((number) => createNew(context, number));
  const updates = updateInTurns(context, choice.keep, added);
  removeSurplus(context, choice.surplus, updates.last);
  return {
    service,
    containers: [...updates.containers, ...added].sort((a, b) =>
      a.container.name < b.container.name ? -1 : 1,
    ),
    changed: added.length > 0 || updates.changed,
    replaced: updates.replaced,
  };
}

function createNew(context: ServiceContext, number: number): Planned {
  const { draft, service, project } = context;
  const name = containerName(project, service, number);
  const create = draft.add({
    resource: resourceOf(service, number),
    operation: { kind: "CreateContainer", name, request: request(context, number), ...platform(service) },
    cause: "no existing container",
    needs: beforeCreate(context),
    show: { subject: `Container ${name}`, working: "Creating", done: "Created" },
  });
  return started(context, {
    number,
    container: { ref: name, name },
    after: [create],
    cause: "container is created",
  });
}

interface Updates {
  readonly containers: readonly Planned[];
  readonly changed: boolean;
  readonly replaced: boolean;
  /** Steps that end the update. */
  readonly last: readonly number[];
}

/**
 * Containers that have to be made anew take their turns, `parallelism` at a time: the next one begins when the one
 * before is up again, so that a service of several replicas never goes silent. New replicas come first.
 */
function updateInTurns(
  context: ServiceContext,
  keep: readonly { readonly container: ObservedContainer; readonly cause: string | undefined }[],
  added: readonly Planned[],
): Updates {
  const parallelism = Math.max(1, context.service.update.parallelism || keep.length);
  const turns: (readonly number[])[] = [];
  const containers: Planned[] = [];
  let changed = false;
  for (const { container, cause } of keep) {
    if (cause === undefined) {
      const planned = keepContainer(context, container);
      changed ||= planned.ready.length > 0;
      containers.push(planned);
      continue;
    }
    const before = turns[turns.length - parallelism] ?? added.flatMap(({ ready }) => ready);
    const planned = recreate(context, container, { cause, before });
    turns.push(settled(context, planned));
    containers.push(planned);
  }
  return {
    containers,
    changed: changed || turns.length > 0,
    replaced: turns.length > 0,
    last: turns.slice(-parallelism).flat(),
  };
}

/** The steps after which a replaced container does its work: healthy, where it has a check. */
function settled(context: ServiceContext, { container, ready }: Planned): readonly number[] {
  const { draft, service, project, observed, start } = context;
  const image = observed.images.get(imageName(project, service));
  const disabled = service.config.Healthcheck?.Test?.[0] === "NONE";
  if (!start || disabled || !(service.healthcheck || image?.healthcheck)) return ready;
  return [
    draft.add({
      resource: `service:${service.name}`,
      operation: { kind: "WaitContainer", container, until: "healthy" },
      cause: "next replica waits for this one",
      needs: ready,
      show: { subject: `Container ${container.name}`, working: "Waiting", done: "Healthy" },
    }),
  ];
}

function keepContainer(context: ServiceContext, container: ObservedContainer): Planned {
  const { draft, service, project, start } = context;
  const final = containerName(project, service, container.number);
  const subject = `Container ${final}`;
  let ready: readonly number[] = [];
  if (isTemporaryName(container.name, final)) {
    ready = [
      draft.add({
        resource: resourceOf(service, container.number),
        operation: { kind: "RenameContainer", container: refOf(container), to: final },
        cause: "an earlier update was interrupted",
      }),
    ];
  }
  const ref = { ref: container.id, name: isTemporaryName(container.name, final) ? final : container.name };
  if (container.state === "running" || container.state === "restarting") {
    draft.note(subject, "Running");
    return { container: ref, ready };
  }
  if (!start) return { container: ref, ready };
  if (container.state === "paused") {
    const unpause = draft.add({
      resource: resourceOf(service, container.number),
      operation: { kind: "UnpauseContainer", container: ref },
      cause: "container is paused",
      needs: ready,
      show: { subject, working: "Unpausing", done: "Unpaused" },
    });
    return { container: ref, ready: [unpause] };
  }
  const cause = `container is ${container.state}`;
  return started(context, { number: container.number, container: ref, after: ready, cause });
}

/** New under a temporary name, old one away, new one under the right name, started: an interruption loses nothing. */
function recreate(
  context: ServiceContext,
  old: ObservedContainer,
  { cause, before }: { cause: string; before: readonly number[] },
): Planned {
  const { draft, service, project } = context;
  const { number } = old;
  const name = containerName(project, service, number);
  const temporary = temporaryName(old.id, name);
  const resource = resourceOf(service, number);
  const create = draft.add({
    resource,
    operation: {
      kind: "CreateContainer",
      name: temporary,
      request: request(context, number, old),
      ...platform(service),
    },
    cause,
    needs: [...beforeCreate(context), ...before],
    show: { subject: `Container ${name}`, working: "Recreate", done: "Recreated" },
  });
  const container = { ref: temporary, name };
  const first = startsFirst(context, old)
    ? settled(context, started(context, { number, container, after: [create], cause: "start first" }))
    : [create];
  const rename = draft.add({
    resource,
    operation: { kind: "RenameContainer", container, to: name },
    cause,
    needs: [takeAway(context, old, first)],
  });
  const final = { ref: name, name };
  if (first[0] !== create) return { container: final, ready: [rename] };
  return started(context, { number, container: final, after: [rename], cause: "container is recreated" });
}

/** Two containers cannot have one fixed address or one namespace, nor can a stopped one be kept running. */
function startsFirst({ service, start }: ServiceContext, old: ObservedContainer): boolean {
  const fixed = service.networks.some(({ ipv4Address, ipv6Address }) => ipv4Address ?? ipv6Address);
  return (
    start &&
    service.update.order === "start-first" &&
    old.state === "running" &&
    !fixed &&
    service.networkMode === undefined
  );
}

function takeAway(context: ServiceContext, old: ObservedContainer, needs: readonly number[]): number {
  const { draft, resources, timeout, service } = context;
  const running = ["running", "paused", "restarting"].includes(old.state);
  const already = resources.stopped.get(old.id);
  const before = already === undefined ? needs : [...needs, already];
  const { show: _, ...stop } = stopStep(old, "replaced by a new container", timeout);
  return draft.add({
    resource: resourceOf(service, old.number),
    operation: { kind: "RemoveContainer", container: refOf(old), volumes: false, force: false },
    cause: "replaced by a new container",
    needs: running && already === undefined ? [draft.add({ ...stop, needs: before })] : before,
  });
}

interface Starting {
  readonly number: number;
  readonly container: ContainerRef;
  readonly after: readonly number[];
  readonly cause: string;
}

function started(context: ServiceContext, { number, container, after, cause }: Starting): Planned {
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

function removeSurplus(
  context: ServiceContext,
  surplus: readonly ObservedContainer[],
  after: readonly number[],
): void {
  // Highest numbers first, as people expect of a service that shrinks.
  for (const container of [...surplus].sort((a, b) => b.number - a.number)) {
    removeContainer(context.draft, container, {
      cause: `scale down to ${context.wanted}`,
      needs: after,
      timeout: context.timeout,
    });
  }
}

export interface RemoveOptions {
  readonly cause: string;
  readonly needs: readonly number[];
  readonly timeout?: number | undefined;
  /** Whether its anonymous volumes go too. */
  readonly volumes?: boolean;
}

/** Plans to stop a container and remove it; returns the last step. */
export function removeContainer(draft: Draft, container: ObservedContainer, options: RemoveOptions): number {
  const { cause, needs, timeout, volumes = false } = options;
  const running = ["running", "paused", "restarting"].includes(container.state);
  const before = running ? [draft.add({ ...stopStep(container, cause, timeout), needs })] : needs;
  return draft.add({
    resource: `service:${container.service}:${container.number}`,
    operation: { kind: "RemoveContainer", container: refOf(container), volumes, force: true },
    cause,
    needs: before,
    show: { subject: `Container ${container.name}`, working: "Removing", done: "Removed" },
  });
}

/** How a container that is there is addressed and shown. */
export function refOf(container: ObservedContainer): ContainerRef {
  return { ref: container.id, name: container.name };
}

function request(context: ServiceContext, number: number, replaces?: ObservedContainer) {
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

function platform(service: Service): { platform?: string } {
  return service.platform === undefined ? {} : { platform: service.platform };
}

function resourceOf(service: Service, number: number): string {
  return `service:${service.name}:${number}`;
}
