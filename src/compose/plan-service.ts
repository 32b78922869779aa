import { chooseContainers, recreateCause } from "./choose-containers.ts";
import { containerName, isTemporaryName } from "./names.ts";
import type { ObservedContainer } from "./observe.ts";
import { refOf, removeContainer } from "./plan-remove.ts";
import { recreate } from "./plan-replace.ts";
import {
  beforeCreate,
  type Planned,
  type PlannedService,
  platform,
  request,
  resourceOf,
  type ServiceContext,
  settled,
  started,
} from "./service-context.ts";

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
  /** The replaced containers that come last. */
  readonly last: readonly Planned[];
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
  const turns: Planned[] = [];
  const containers: Planned[] = [];
  let changed = false;
  for (const { container, cause } of keep) {
    if (cause === undefined) {
      const planned = keepContainer(context, container);
      changed ||= planned.ready.length > 0;
      containers.push(planned);
      continue;
    }
    const previous = turns[turns.length - parallelism];
    const before = (previous === undefined ? added : [previous]).flatMap((one) => settled(context, one));
    const planned = recreate(context, container, { cause, before });
    turns.push(planned);
    containers.push(planned);
  }
  return {
    containers,
    changed: changed || turns.length > 0,
    replaced: turns.length > 0,
    last: turns.slice(-parallelism),
  };
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

function removeSurplus(
  context: ServiceContext,
  surplus: readonly ObservedContainer[],
  after: readonly Planned[],
): void {
  const needs = surplus.length === 0 ? [] : after.flatMap((one) => settled(context, one));
  // Highest numbers first, as people expect of a service that shrinks.
  for (const container of [...surplus].sort((a, b) => b.number - a.number)) {
    removeContainer(context.draft, container, {
      cause: `scale down to ${context.wanted}`,
      needs,
      timeout: context.timeout,
    });
  }
}
