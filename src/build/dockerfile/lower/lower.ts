import type { ImageRunConfig } from "../../../oci/index.ts";
import type { StageInstruction } from "../instructions/index.ts";
import type { Node } from "../parser/index.ts";
import type { Plan, Step, Vertex, VertexID } from "./graph.ts";
import { applyMetadata, declareArgs } from "./metadata.ts";
import { needed } from "./needed.ts";
import { type BaseImage, instructionsOf, type Outline, type OutlinedStage, resolveFrom } from "./outline.ts";
import { type ArgValues, givenValue, isProxyArg } from "./scope.ts";
import { defaultPath, type StageState, variablesOf } from "./stage-state.ts";
import { vertexText } from "./text.ts";
import { lowerCopy, lowerRun, lowerWorkdir, type TreeNeeds } from "./trees.ts";

export interface LowerOptions {
  readonly values: ArgValues;
  /** Every image that `needed` names. */
  readonly images: ReadonlyMap<string, BaseImage>;
  /** Put on the image as by a last LABEL instruction. */
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Turns the stages that the target needs into a graph of trees and a list of steps. Identical vertices become one.
 * Pure: the same input gives the same plan. Throws `DockerfileError`.
 */
export function lower(outline: Outline, options: LowerOptions): Plan {
  return new Lowering(outline, options).run();
}

class Lowering {
  readonly #outline: Outline;
  readonly #options: LowerOptions;
  readonly #vertices: Vertex[] = [];
  readonly #known = new Map<string, VertexID>();
  readonly #steps: Step[] = [];
  readonly #stages = new Map<number, StageState>();
  readonly #consumed = new Set<string>();
  #number = 0;

  constructor(outline: Outline, options: LowerOptions) {
    this.#outline = outline;
    this.#options = options;
    for (const { args } of outline.program.globals) for (const { key } of args) this.#consumed.add(key);
  }

  run(): Plan {
    for (const index of needed(this.#outline, this.#options.images).stages) {
      const stage = this.#outline.stages[index];
      if (stage) this.#stages.set(index, this.#stage(stage));
    }
    const state = this.#stages.get(this.#outline.target);
    const labels = Object.entries(this.#options.labels);
    if (state && labels.length > 0) this.#label(state, labels);
    return {
      vertices: this.#vertices,
      steps: this.#steps,
      stepCount: this.#number,
      platform: this.#options.values.platform,
      warnings: this.#warnings(),
    };
  }

  #warnings(): string[] {
    const unused = Object.keys(this.#options.values.buildArgs).filter(
      (key) => !this.#consumed.has(key) && !isProxyArg(key) && !/^(TARGET|BUILD)[A-Z]+$|^BUILDKIT_/.test(key),
    );
    if (unused.length === 0) return [];
    return [`[Warning] One or more build-args [${unused.sort().join(" ")}] were not consumed`];
  }

  #vertex(vertex: Vertex): VertexID {
    const text = vertexText(vertex);
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const id = this.#vertices.push(vertex) - 1;
    this.#known.set(text, id);
    return id;
  }

  #stage(stage: OutlinedStage): StageState {
    let state = this.#start(stage);
    const { triggers, own } = instructionsOf(stage, this.#options.images);
    for (const instruction of triggers) state = this.#instruction(stage, state, instruction, true);
    for (const instruction of own) state = this.#instruction(stage, state, instruction, false);
    return state;
  }

  #start(stage: OutlinedStage): StageState {
    const { base } = stage;
    const inherited = base.kind === "stage" ? this.#stages.get(base.index) : undefined;
    const start: StageState = inherited
      ? { ...inherited, ownCommand: false }
      : { ...this.#origin(base), author: undefined, args: new Map(), ownCommand: false, step: undefined };
    this.#number += 1;
    const index = this.#addStep(start, {
      number: this.#number,
      text: stage.from.node.original,
      changesTree: false,
      createdBy: undefined,
    });
    return { ...start, step: index };
  }

  #origin(base: OutlinedStage["base"]): Pick<StageState, "vertex" | "config" | "base"> {
    const image = base.kind === "image" ? this.#options.images.get(base.reference) : undefined;
    if (base.kind !== "image" || !image) {
      return { vertex: this.#vertex({ kind: "scratch" }), config: { Env: [defaultPath] }, base: undefined };
    }
    return { ...this.#image(base.reference, image), base: image.id };
  }

  #image(reference: string, image: BaseImage): { vertex: VertexID; config: ImageRunConfig } {
    const { OnBuild: _executed, ...config } = image.config.config ?? {};
    return { vertex: this.#vertex({ kind: "image", reference, imageID: image.id }), config };
  }

  #addStep(state: StageState, step: Pick<Step, "number" | "text" | "changesTree" | "createdBy">): number {
    const { vertex, config, author, base, step: previous } = state;
    return this.#steps.push({ ...step, vertex, config, author, base, previous }) - 1;
  }

  #instruction(
    stage: OutlinedStage,
    state: StageState,
    instruction: StageInstruction,
    isTrigger: boolean,
  ): StageState {
    if (!isTrigger) this.#number += 1;
    const { next, createdBy } = this.#apply(stage, state, instruction);
    const index = this.#addStep(next, {
      number: isTrigger ? undefined : this.#number,
      text: instruction.node.original,
      changesTree: next.vertex !== state.vertex,
      createdBy,
    });
    return { ...next, step: index };
  }

  #apply(
    stage: OutlinedStage,
    state: StageState,
    instruction: StageInstruction,
  ): { next: StageState; createdBy: string } {
    const expander = { escape: this.#outline.program.escape, variables: variablesOf(state) };
    const needs: TreeNeeds = { expander, from: (node, written) => this.#from(stage, node, written) };
    switch (instruction.kind) {
      case "run":
        return this.#withVertex(state, lowerRun(state, instruction, needs));
      case "copy":
      case "add":
        return this.#withVertex(state, lowerCopy(state, instruction, needs));
      case "arg": {
        for (const { key } of instruction.args) this.#consumed.add(key);
        const { values } = this.#options;
        const { state: next, createdBy } = declareArgs(state, instruction, {
          escape: expander.escape,
          variables: variablesOf,
          given: (key) => givenValue(values, key),
          globals: this.#outline.globals,
        });
        return { next, createdBy };
      }
      default: {
        const { state: next, createdBy } = applyMetadata(state, instruction, expander);
        if (instruction.kind !== "workdir") return { next, createdBy };
        return { next: { ...next, vertex: this.#vertex(lowerWorkdir(next)) }, createdBy };
      }
    }
  }

  #withVertex(state: StageState, lowered: { vertex: Vertex; createdBy: string }) {
    return { next: { ...state, vertex: this.#vertex(lowered.vertex) }, createdBy: lowered.createdBy };
  }

  #from(stage: OutlinedStage, node: Node, written: string): VertexID {
    const from = resolveFrom(this.#outline.stages, stage.index, node, written);
    if (from.kind === "stage")
      return this.#stages.get(from.index)?.vertex ?? this.#vertex({ kind: "scratch" });
    const image = this.#options.images.get(from.reference);
    return image ? this.#image(from.reference, image).vertex : this.#vertex({ kind: "scratch" });
  }

  #label(state: StageState, labels: readonly [string, string][]): void {
    const text = `LABEL ${labels.map(([key, value]) => `${JSON.stringify(key)}=${JSON.stringify(value)}`).join(" ")}`;
    const config = { ...state.config, Labels: { ...state.config.Labels, ...Object.fromEntries(labels) } };
    const createdBy = `LABEL ${labels.map(([key, value]) => `${key}=${value}`).join(" ")}`;
    this.#number += 1;
    this.#addStep({ ...state, config }, { number: this.#number, text, changesTree: false, createdBy });
  }
}
