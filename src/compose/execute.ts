import { EngineError, type ErrorKind, Limiter, messageOf } from "../base/index.ts";
import type { Plan, PlanNode } from "./graph.ts";
import type { Operation } from "./operation.ts";

/** What a step has to say while it runs. */
export type StepEvent =
  | { readonly kind: "working" | "done"; readonly subject: string; readonly status: string }
  | { readonly kind: "failed"; readonly subject: string; readonly status: string; readonly message: string }
  /** A line of a long step, such as a build: `source` is the service or image. */
  | { readonly kind: "output"; readonly source: string; readonly text: string };

export type Report = (event: StepEvent) => void;

/** What performing an operation may end with beside success: a sentence, where it was left undone on purpose. */
export type Performed = { readonly leftBecause: string } | undefined;

/** Makes the call that an operation stands for. */
export type Perform = (operation: Operation, context: StepContext) => Promise<Performed>;

export interface StepContext {
  readonly signal: AbortSignal;
  readonly report: Report;
}

export interface ExecuteOptions {
  readonly perform: Perform;
  readonly signal?: AbortSignal | undefined;
  readonly report?: Report | undefined;
  /** Calls at a time; waits do not count. Default 16. */
  readonly parallel?: number | undefined;
}

/** A plan that could not be carried out whole. `failures` are the steps that failed, not those that never ran. */
export class PlanError extends EngineError {
  override readonly name = "PlanError";
  readonly failures: readonly { readonly node: PlanNode; readonly error: unknown }[];

  constructor(failures: readonly { readonly node: PlanNode; readonly error: unknown }[]) {
    const messages = [...new Set(failures.map(({ error }) => messageOf(error)))];
    const first = failures[0];
    super(kindOf(first?.error), messages.join("\n"), {
      subject: first?.node.resource ?? "plan",
      cause: first?.error,
    });
    this.failures = failures;
  }
}

/**
 * Carries out a plan: every step runs as soon as all that it needs have succeeded, many at a time. A step whose need
 * failed never runs; the others go on. Decides nothing. Throws `PlanError` when all that could run has ended and some
 * step failed, the signal's reason when given up.
 */
export async function execute(plan: Plan, options: ExecuteOptions): Promise<void> {
  const { signal = new AbortController().signal, report = () => undefined } = options;
  const limiter = new Limiter(Math.max(1, options.parallel ?? 16));
  for (const { subject, status } of plan.notes) report({ kind: "done", subject, status });
  const failures: { node: PlanNode; error: unknown }[] = [];
  const succeeded = new Map<number, Promise<boolean>>();
  for (const node of plan.nodes) {
    const run = async (): Promise<boolean> => {
      const needs = await Promise.all(node.needs.map((id) => succeeded.get(id)));
      if (signal.aborted || !needs.every(Boolean)) return false;
      try {
        const work = () => runNode(node, { perform: options.perform, signal, report });
        await (node.operation.kind === "WaitContainer" ? work() : limiter.run(work));
        return true;
      } catch (error) {
        failures.push({ node, error });
        return false;
      }
    };
    succeeded.set(node.id, run());
  }
  await Promise.all(succeeded.values());
  signal.throwIfAborted();
  if (failures.length > 0) throw new PlanError(failures);
}

async function runNode(
  node: PlanNode,
  { perform, signal, report }: { perform: Perform; signal: AbortSignal; report: Report },
): Promise<void> {
  signal.throwIfAborted();
  const { show } = node;
  if (show) report({ kind: "working", subject: show.subject, status: show.working });
  try {
    const performed = await perform(node.operation, { signal, report });
    if (show) report({ kind: "done", subject: show.subject, status: performed?.leftBecause ?? show.done });
  } catch (error) {
    if (show && !signal.aborted) {
      report({ kind: "failed", subject: show.subject, status: "Error", message: messageOf(error) });
    }
    throw error;
  }
}

function kindOf(error: unknown): ErrorKind {
  return error instanceof EngineError ? error.kind : "internal";
}
