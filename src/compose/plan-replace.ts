import { containerName, temporaryName } from "./names.ts";
import type { ObservedContainer } from "./observe.ts";
import { refOf } from "./plan-remove.ts";
import { stopStep } from "./plan-resources.ts";
import {
  beforeCreate,
  type Planned,
  platform,
  request,
  resourceOf,
  type ServiceContext,
  settled,
  started,
} from "./service-context.ts";

/** New under a temporary name, old one away, new one under the right name, started: an interruption loses nothing. */
export function recreate(
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
  if (first[0] !== create) return { container: final, ready: [rename], settled: true };
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
