import { type Operation, targetOf } from "./operation.ts";

/** How a step shows to people: `Container p-web-1`, while it runs and once it is done. */
export interface Show {
  readonly subject: string;
  readonly working: string;
  readonly done: string;
}

/** One step of a plan: a single call to the engine, why it is made, and the steps that must be done before. */
export interface PlanNode {
  readonly id: number;
  /** What it belongs to: `service:web:1`, `network:default`. */
  readonly resource: string;
  readonly operation: Operation;
  readonly cause: string;
  readonly needs: readonly number[];
  readonly show?: Show;
}

/** A thing that is already as wanted, or that deserves a sentence. */
export interface Note {
  readonly subject: string;
  readonly status: string;
}

/** What to do, as a graph without cycles: a node needs only nodes of smaller numbers. */
export interface Plan {
  readonly nodes: readonly PlanNode[];
  readonly notes: readonly Note[];
  readonly warnings: readonly string[];
}

export interface Step {
  readonly resource: string;
  readonly operation: Operation;
  readonly cause: string;
  readonly needs?: Iterable<number>;
  readonly show?: Show;
}

/** A plan while it is made. */
export interface Draft {
  /** Adds a step, returns its number. */
  add(step: Step): number;
  note(subject: string, status: string): void;
  warn(message: string): void;
  finish(): Plan;
}

export function createDraft(): Draft {
  const nodes: PlanNode[] = [];
  const notes: Note[] = [];
  const warnings: string[] = [];
  return {
    add: ({ needs, ...step }) => {
      const id = nodes.length + 1;
      const before = [...new Set(needs ?? [])].sort((a, b) => a - b);
      if (before.some((other) => other >= id))
        throw new Error(`Step ${id} needs a step that is not there yet`);
      nodes.push({ ...step, id, needs: before });
      return id;
    },
    note: (subject, status) => void notes.push({ subject, status }),
    warn: (message) => void warnings.push(message),
    finish: () => ({ nodes, notes, warnings }),
  };
}

/** `[1,2] -> #3 service:web:1, CreateContainer p-web-1, no existing container`, a line a step. */
export function formatPlan(plan: Plan): string {
  return plan.nodes
    .map(({ id, needs, resource, operation, cause }) => {
      const before = needs.length === 0 ? "" : `[${needs.join(",")}] -> `;
      return `${before}#${id} ${resource}, ${operation.kind} ${targetOf(operation)}, ${cause}\n`;
    })
    .join("");
}
