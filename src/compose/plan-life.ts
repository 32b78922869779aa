import type { ContainerStatus } from "../wire/index.ts";
import { createDraft, type Draft, type Plan, type Show } from "./graph.ts";
import type { ObservedContainer } from "./observe.ts";
import type { ContainerRef, Operation } from "./operation.ts";
import { dependentsOf } from "./plan-down.ts";
import { refOf } from "./plan-remove.ts";

/** A verb on the containers of a project that are there. */
export type LifeVerb =
  | { readonly verb: "start" | "pause" | "unpause" }
  | { readonly verb: "stop" | "restart"; readonly timeout?: number | undefined }
  | { readonly verb: "kill"; readonly signal: string }
  | { readonly verb: "remove"; readonly volumes: boolean };

interface VerbPlan {
  readonly operation: (container: ContainerRef) => Operation;
  readonly working: string;
  readonly done: string;
  /** States in which the verb has something to do. */
  readonly states: readonly ContainerStatus[];
  /** Whether dependents come first. */
  readonly reverse: boolean;
}

const alive: readonly ContainerStatus[] = ["running", "paused", "restarting"];
const still: readonly ContainerStatus[] = ["created", "exited", "dead"];

/** Plans `verb` on each of `containers` that it concerns, in the order of dependency. */
export function planLife(verb: LifeVerb, containers: readonly ObservedContainer[]): Plan {
  const draft = createDraft();
  const how = planOf(verb);
  const concerned = containers.filter(({ state }) => how.states.includes(state));
  const before = how.reverse ? dependentsOf(containers) : inverted(dependentsOf(containers));
  const steps = new Map<string, number[]>();
  const visit = (service: string, trail: readonly string[]): number[] => {
    const known = steps.get(service);
    if (known !== undefined || trail.includes(service)) return known ?? [];
    const needs = (before.get(service) ?? []).flatMap((other) => visit(other, [...trail, service]));
    const own = concerned
      .filter((one) => one.service === service)
      .map((one) => addStep(draft, one, { how, verb: verb.verb, needs }));
    // A service with nothing to do still hands on what its neighbours wait for.
    const result = own.length > 0 ? own : needs;
    steps.set(service, result);
    return result;
  };
  for (const { service } of containers) visit(service, []);
  return draft.finish();
}

function addStep(
  draft: Draft,
  container: ObservedContainer,
  { how, verb, needs }: { how: VerbPlan; verb: string; needs: readonly number[] },
): number {
  const show: Show = { subject: `Container ${container.name}`, working: how.working, done: how.done };
  return draft.add({
    resource: `service:${container.service}:${container.number}`,
    operation: how.operation(refOf(container)),
    cause: verb,
    needs,
    show,
  });
}

function planOf(verb: LifeVerb): VerbPlan {
  switch (verb.verb) {
    case "start":
      return plain("StartContainer", { working: "Starting", done: "Started", states: still, reverse: false });
    case "pause":
      return plain("PauseContainer", {
        working: "Pausing",
        done: "Paused",
        states: ["running"],
        reverse: false,
      });
    case "unpause":
      return plain("UnpauseContainer", {
        working: "Unpausing",
        done: "Unpaused",
        states: ["paused"],
        reverse: false,
      });
    case "stop":
      return {
        ...plain("StopContainer", { working: "Stopping", done: "Stopped", states: alive, reverse: true }),
        operation: (container) => ({ kind: "StopContainer", container, ...seconds(verb.timeout) }),
      };
    case "restart":
      return {
        ...plain("RestartContainer", {
          working: "Restarting",
          done: "Started",
          states: [...alive, ...still],
          reverse: false,
        }),
        operation: (container) => ({ kind: "RestartContainer", container, ...seconds(verb.timeout) }),
      };
    case "kill":
      return {
        ...plain("PauseContainer", { working: "Killing", done: "Killed", states: alive, reverse: true }),
        operation: (container) => ({ kind: "KillContainer", container, signal: verb.signal }),
      };
    case "remove":
      return {
        ...plain("PauseContainer", { working: "Removing", done: "Removed", states: still, reverse: true }),
        operation: (container) => ({
          kind: "RemoveContainer",
          container,
          volumes: verb.volumes,
          force: true,
        }),
      };
  }
}

function plain(
  kind: "StartContainer" | "PauseContainer" | "UnpauseContainer" | "StopContainer" | "RestartContainer",
  rest: Omit<VerbPlan, "operation">,
): VerbPlan {
  return { ...rest, operation: (container) => ({ kind, container }) };
}

function seconds(timeout: number | undefined): { timeout?: number } {
  return timeout === undefined ? {} : { timeout };
}

function inverted(edges: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const result = new Map<string, string[]>();
  for (const [from, others] of edges) {
    for (const other of others) result.set(other, [...(result.get(other) ?? []), from]);
  }
  return result;
}
