import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EngineError } from "../base/index.ts";
import { execute, type Perform, PlanError, type StepEvent } from "./execute.ts";
import { createDraft, type Plan } from "./graph.ts";
import { type Operation, targetOf } from "./operation.ts";

/** A plan of starts: for each name the names that it needs. */
function planOf(needs: Readonly<Record<string, readonly string[]>>): Plan {
  const draft = createDraft();
  const ids = new Map<string, number>();
  for (const [name, before] of Object.entries(needs)) {
    const id = draft.add({
      resource: name,
      operation: { kind: "StartContainer", container: { ref: name, name } },
      cause: "test",
      needs: before.map((other) => ids.get(other) ?? 0),
      show: { subject: name, working: "Starting", done: "Started" },
    });
    ids.set(name, id);
  }
  return draft.finish();
}

function recording(fail: (name: string) => Error | undefined = () => undefined) {
  const calls: string[] = [];
  const perform: Perform = async (operation: Operation) => {
    const name = targetOf(operation);
    calls.push(name);
    const error = fail(name);
    if (error) throw error;
    return undefined;
  };
  return { calls, perform };
}

describe("executing a plan", () => {
  test("runs each step after all that it needs", async () => {
    const { calls, perform } = recording();
    await execute(planOf({ a: [], b: ["a"], c: ["a"], d: ["b", "c"] }), { perform });
    expect(calls.indexOf("a")).toBe(0);
    expect(calls.indexOf("d")).toBe(3);
  });

  test("runs steps that do not need each other at the same time", async () => {
    const open = new Set<string>();
    const both = Promise.withResolvers<void>();
    const perform: Perform = async (operation) => {
      open.add(targetOf(operation));
      if (open.size === 2) both.resolve();
      await both.promise;
      return undefined;
    };
    await execute(planOf({ a: [], b: [] }), { perform });
    expect(open.size).toBe(2);
  });

  test("keeps to the number of calls at a time", async () => {
    let running = 0;
    let most = 0;
    const perform: Perform = async () => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      return undefined;
    };
    await execute(planOf({ a: [], b: [], c: [], d: [] }), { perform, parallel: 2 });
    expect(most).toBe(2);
  });

  test("never runs what needs a failed step, goes on with the rest, and throws at the end", async () => {
    const { calls, perform } = recording((name) =>
      name === "a" ? new EngineError("conflict", "a is broken", { subject: "a" }) : undefined,
    );
    const events: StepEvent[] = [];
    const work = execute(planOf({ a: [], b: ["a"], c: ["b"], x: [], y: ["x"] }), {
      perform,
      report: (event) => events.push(event),
    });
    const error = await work.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PlanError);
    expect(error).toMatchObject({ kind: "conflict", message: "a is broken" });
    expect(calls.sort()).toEqual(["a", "x", "y"]);
    expect(events).toContainEqual({ kind: "failed", subject: "a", status: "Error", message: "a is broken" });
    expect(events.some((event) => "subject" in event && event.subject === "b")).toBe(false);
  });

  test("runs a step exactly when all that it needs have succeeded, whatever the graph", async () => {
    const node = fc.record({ needs: fc.array(fc.nat(20), { maxLength: 3 }), fails: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(node, { minLength: 1, maxLength: 12 }), async (nodes) => {
        const graph = nodes.map(({ needs, fails }, index) => ({
          fails,
          needs: index === 0 ? [] : [...new Set(needs.map((need) => need % index))],
        }));
        const names = Object.fromEntries(
          graph.map(({ needs }, index) => [`n${index}`, needs.map((need) => `n${need}`)]),
        );
        const { calls, perform } = recording((name) =>
          graph[Number(name.slice(1))]?.fails ? new Error(name) : undefined,
        );
        await execute(planOf(names), { perform }).catch(() => undefined);
        const good = (index: number): boolean => runs(index) && !graph[index]?.fails;
        const runs = (index: number): boolean => (graph[index]?.needs ?? []).every(good);
        const expected = graph.map((_, index) => index).filter(runs);
        expect(calls.map((name) => Number(name.slice(1))).sort((a, b) => a - b)).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  test("starts nothing more once given up", async () => {
    const stop = new AbortController();
    const { calls, perform } = recording((name) => {
      if (name === "a") stop.abort(new Error("enough"));
      return undefined;
    });
    const work = execute(planOf({ a: [], b: ["a"] }), { perform, signal: stop.signal });
    expect(work).rejects.toThrow("enough");
    await work.catch(() => undefined);
    expect(calls).toEqual(["a"]);
  });

  test("tells what was left undone on purpose", async () => {
    const events: StepEvent[] = [];
    const perform: Perform = async () => ({ leftBecause: "Resource is still in use" });
    await execute(planOf({ a: [] }), { perform, report: (event) => events.push(event) });
    expect(events.at(-1)).toEqual({ kind: "done", subject: "a", status: "Resource is still in use" });
  });
});
