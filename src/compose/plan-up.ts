import { EngineError } from "../base/index.ts";
import type { Comparison } from "./choose-containers.ts";
import { createDraft, type Draft, type Plan } from "./graph.ts";
import { closure, inOrder, type Needs, type Project, type Service } from "./model/index.ts";
import type { Observed } from "./observe.ts";
import { findOrphans, orphanWarning } from "./orphans.ts";
import { type OneOff, planOneOff } from "./plan-one-off.ts";
import { removeContainer } from "./plan-remove.ts";
import { planResources, type Resources } from "./plan-resources.ts";
import { planService } from "./plan-service.ts";
import type { PlannedService, ServiceContext } from "./service-context.ts";

export interface UpOptions {
  /** Services to bring up, with what they need; empty: all. */
  readonly services?: readonly string[];
  /** Only the services named. */
  readonly noDependencies?: boolean;
  /** Replicas that the command line asks for. */
  readonly scale?: ReadonlyMap<string, number>;
  readonly recreate?: "changed" | "always" | "never";
  /** Whether `recreate` counts for services that are there only because others need them. */
  readonly recreateDependencies?: boolean;
  readonly orphans?: "warn" | "remove" | "ignore";
  /** Default true; false only creates. */
  readonly start?: boolean;
  /** Seconds for each stop; default: as each container says. */
  readonly timeout?: number | undefined;
  readonly renewAnonymousVolumes?: boolean;
  /** Whether the plan ends when every container is running, and healthy where it has a check. */
  readonly wait?: boolean;
  /** One container beside the service's own, made once all that the service needs is there; not started. */
  readonly oneOff?: OneOff;
}

/** Plans how what is there becomes what the file wants. Pure; throws when that cannot be (external things missing). */
export function planUp(project: Project, observed: Observed, options: UpOptions = {}): Plan {
  checkScale(project, options.scale ?? new Map());
  const draft = createDraft();
  const services = selectServices(project, options);
  const resources = planResources(draft, { project, observed, services, timeout: options.timeout });
  const planned = new Map<string, PlannedService>();
  const waits = new Map<string, readonly number[]>();
  const context = { draft, project, observed, resources, planned, waits };
  for (const service of services) {
    if (options.oneOff?.service === service.name) {
      planOneOff(serviceContext(service, options, context), options.oneOff);
      continue;
    }
    const result = planService(serviceContext(service, options, context));
    planned.set(service.name, result);
    restartAfterDependencies(draft, result, { planned, observed, start: options.start ?? true });
  }
  if (options.wait) for (const result of planned.values()) waitUntilStarted(draft, result);
  handleOrphans(draft, project, observed, options);
  return draft.finish();
}

function checkScale(project: Project, scale: ReadonlyMap<string, number>): void {
  for (const [name, count] of scale) {
    const service = project.services.get(name);
    if (service === undefined)
      throw new EngineError("not-found", `no such service: ${name}`, { subject: name });
    if (service.containerName === undefined || count < 2) continue;
    throw new EngineError(
      "invalid",
      `service "${name}" has container_name "${service.containerName}": as container names must be unique it cannot be scaled to ${count}`,
      { subject: name },
    );
  }
}

interface UpContext {
  readonly draft: Draft;
  readonly project: Project;
  readonly observed: Observed;
  readonly resources: Resources;
  readonly planned: ReadonlyMap<string, PlannedService>;
  readonly waits: Map<string, readonly number[]>;
}

function serviceContext(service: Service, options: UpOptions, context: UpContext): ServiceContext {
  const { draft, project, observed, resources, planned, waits } = context;
  return {
    draft,
    project,
    observed,
    resources,
    service,
    comparison: {
      project,
      observed,
      renewed: resources.renewed,
      replaced: new Set([...planned.values()].filter((one) => one.replaced).map((one) => one.service.name)),
      recreate: recreateMode(service, options),
    },
    wanted: options.scale?.get(service.name) ?? service.scale,
    start: options.start ?? true,
    timeout: options.timeout,
    renewAnonymousVolumes: options.renewAnonymousVolumes ?? false,
    gate: () => gateOf(service, { draft, planned, waits }),
    ownersReady: (owners) =>
      owners.flatMap((owner) => planned.get(owner)?.containers.flatMap(({ ready }) => ready) ?? []),
  };
}

function recreateMode(service: Service, options: UpOptions): Comparison["recreate"] {
  const wanted = options.recreate ?? "changed";
  const named = !options.services?.length || options.services.includes(service.name);
  return wanted === "always" && !named && !options.recreateDependencies ? "changed" : wanted;
}

/** The services of a command in an order where each comes after what it needs. */
export function selectServices(
  project: Project,
  options: { readonly services?: readonly string[]; readonly noDependencies?: boolean },
): Service[] {
  const needs: Needs = new Map(
    [...project.services].map(([name, service]) => [name, service.dependsOn.map((one) => one.service)]),
  );
  const named = options.services?.length ? options.services : [...project.services.keys()];
  const wanted = options.noDependencies ? new Set(named) : closure(named, needs);
  return inOrder(needs).flatMap((name) => (wanted.has(name) ? (project.services.get(name) ?? []) : []));
}

interface GateContext {
  readonly draft: Draft;
  readonly planned: ReadonlyMap<string, PlannedService>;
  /** Steps that wait for a service, by service and condition: made once, used by all dependents. */
  readonly waits: Map<string, readonly number[]>;
}

/** The steps after which everything that `service` depends on is as it asks. */
function gateOf(service: Service, context: GateContext): readonly number[] {
  return service.dependsOn.flatMap(({ service: name, condition, required }) => {
    const dependency = context.planned.get(name);
    if (dependency === undefined) return [];
    if (condition === "service_started") return dependency.containers.flatMap(({ ready }) => ready);
    const key = `${name} ${condition} ${required}`;
    const known = context.waits.get(key);
    if (known !== undefined) return known;
    const until = condition === "service_healthy" ? "healthy" : "completed";
    const steps = dependency.containers.map(({ container, ready }) =>
      context.draft.add({
        resource: `service:${name}`,
        operation: { kind: "WaitContainer", container, until, ...(required ? {} : { optional: true }) },
        cause: `dependents need it ${until}`,
        needs: ready,
        show: {
          subject: `Container ${container.name}`,
          working: "Waiting",
          done: until === "healthy" ? "Healthy" : "Exited",
        },
      }),
    );
    context.waits.set(key, steps);
    return steps;
  });
}

/** A running container whose dependency was replaced, and that asked for it (`restart: true`), starts again. */
function restartAfterDependencies(
  draft: Draft,
  result: PlannedService,
  context: { planned: ReadonlyMap<string, PlannedService>; observed: Observed; start: boolean },
): void {
  const cause = result.service.dependsOn.find(
    ({ service, restart }) => restart && context.planned.get(service)?.replaced,
  );
  if (cause === undefined || !context.start) return;
  const running = new Set(
    context.observed.containers.filter(({ state }) => state === "running").map(({ id }) => id),
  );
  const dependency = context.planned.get(cause.service);
  for (const { container, ready } of result.containers) {
    if (ready.length > 0 || !running.has(container.ref)) continue;
    draft.add({
      resource: `service:${result.service.name}`,
      operation: { kind: "RestartContainer", container },
      cause: `dependency ${cause.service} was recreated`,
      needs: dependency?.containers.flatMap((one) => one.ready) ?? [],
      show: { subject: `Container ${container.name}`, working: "Restarting", done: "Started" },
    });
  }
}

function waitUntilStarted(draft: Draft, { service, containers }: PlannedService): void {
  for (const { container, ready } of containers) {
    draft.add({
      resource: `service:${service.name}`,
      operation: { kind: "WaitContainer", container, until: "started" },
      cause: "--wait",
      needs: ready,
      show: { subject: `Container ${container.name}`, working: "Waiting", done: "Healthy" },
    });
  }
}

function handleOrphans(draft: Draft, project: Project, observed: Observed, options: UpOptions): void {
  const orphans = findOrphans(project, observed);
  if (orphans.length === 0 || options.orphans === "ignore") return;
  if (options.orphans !== "remove") {
    draft.warn(orphanWarning(orphans));
    return;
  }
  for (const orphan of orphans) {
    removeContainer(draft, orphan, { cause: "orphan", needs: [], timeout: options.timeout });
  }
}
