import { describe, expect, test } from "bun:test";
import { solve } from "./index.ts";

interface Vertex {
  readonly name: string;
  readonly inputs: readonly number[];
}

/** Executions that end when the test says so. */
class Stage {
  readonly started: string[] = [];
  readonly #waiting = new Map<string, PromiseWithResolvers<string>>();
  readonly aborted: string[] = [];

  execute = (vertex: Vertex, { inputs, signal }: { inputs: readonly string[]; signal: AbortSignal }) => {
    this.started.push(vertex.name);
    const waiting = Promise.withResolvers<string>();
    this.#waiting.set(vertex.name, waiting);
    signal.addEventListener("abort", () => {
      this.aborted.push(vertex.name);
      waiting.reject(new Error("stopped"));
    });
    return waiting.promise.then((own) => [...inputs, own].join("+"));
  };

  finish(name: string): void {
    this.#waiting.get(name)?.resolve(name);
  }

  fail(name: string): void {
    this.#waiting.get(name)?.reject(new Error(`${name} failed`));
  }
}

const diamond: Vertex[] = [
  { name: "base", inputs: [] },
  { name: "left", inputs: [0] },
  { name: "right", inputs: [0] },
  { name: "top", inputs: [1, 2] },
];

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function start(stage: Stage, limit = 4, signal?: AbortSignal) {
  return solve(diamond, { inputs: (vertex) => vertex.inputs, execute: stage.execute, limit, signal });
}

describe("the solver", () => {
  test("computes independent vertices side by side, each once, inputs first", async () => {
    const stage = new Stage();
    const { results } = start(stage);
    await turn();
    expect(stage.started).toEqual(["base"]);
    stage.finish("base");
    await turn();
    expect(stage.started).toEqual(["base", "left", "right"]);
    stage.finish("left");
    await turn();
    expect(stage.started).toHaveLength(3);
    stage.finish("right");
    await turn();
    stage.finish("top");
    expect(await results[3]).toBe("base+left+base+right+top");
  });

  test("keeps to its limit", async () => {
    const stage = new Stage();
    start(stage, 1);
    await turn();
    stage.finish("base");
    await turn();
    expect(stage.started).toEqual(["base", "left"]);
    stage.finish("left");
    await turn();
    expect(stage.started).toEqual(["base", "left", "right"]);
  });

  test("stops what runs at the first failure, starts nothing more and names who failed", async () => {
    const stage = new Stage();
    const solving = start(stage);
    await turn();
    stage.finish("base");
    await turn();
    stage.fail("right");
    expect(solving.results[3]).rejects.toThrow("right failed");
    expect(solving.results[1]).rejects.toThrow("right failed");
    await solving.settled;
    expect(stage.aborted).toContain("left");
    expect(stage.started).toEqual(["base", "left", "right"]);
    expect(solving.failed()).toBe(2);
  });

  test("stops when the caller says so", async () => {
    const stage = new Stage();
    const controller = new AbortController();
    const solving = start(stage, 4, controller.signal);
    await turn();
    controller.abort(new Error("enough"));
    await solving.settled;
    expect(solving.results[0]).rejects.toThrow("enough");
    expect(solving.failed()).toBeUndefined();
    expect(stage.started).toEqual(["base"]);
  });
});
