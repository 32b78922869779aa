import { type Digest, digestOf, shortID } from "../base/index.ts";
import type { Image, ImageLease } from "../image/index.ts";
import { cacheKey } from "./cache/index.ts";
import type { Plan, Step, Vertex } from "./dockerfile/index.ts";
import { execute, type Outcome } from "./execute.ts";
import { chainOf, imageConfig, type StepResult } from "./export/index.ts";
import { type BuildSession, copyOp, directoryOp, emptyTree, type Op, runOp, type Tree } from "./ops/index.ts";
import type { BuildShared } from "./options.ts";
import { StepReport } from "./report/index.ts";
import { solve } from "./solver/index.ts";
import type { BuildRequest } from "./types.ts";

export interface PlanRun {
  readonly plan: Plan;
  readonly session: BuildSession;
  readonly images: ReadonlyMap<string, Image>;
  /** Keeps what the build stands on from being collected. */
  readonly lease: ImageLease;
  readonly request: BuildRequest;
  /** Normalised names for the image. */
  readonly tags: readonly string[];
  readonly say: (text: string) => void;
}

/**
 * Makes the trees of a plan, says what happens in the order of the steps, and puts the image around the last tree.
 * When it returns or throws, nothing of the build runs any more.
 */
export async function runPlan(shared: BuildShared, run: PlanRun): Promise<Image> {
  const { plan, request, say } = run;
  const report = new StepReport(say);
  const stepOf = stepsByVertex(plan);
  const solving = solve<Vertex, Outcome>(plan.vertices, {
    inputs: inputsOf,
    execute: async (vertex, { id, inputs, signal }) => {
      const write = (text: string) => report.write(stepOf.get(id) ?? 0, text);
      return await makeTree(shared, run, vertex, { inputs, signal, write });
    },
    limit: shared.parallelism,
    signal: request.signal,
  });
  try {
    for (const warning of plan.warnings) say(`${warning}\n`);
    const results = await walkSteps(shared, run, solving.results, report);
    return await exportImage(shared, run, results);
  } catch (error) {
    await solving.settled;
    const failed = solving.failed();
    const step = failed === undefined ? undefined : stepOf.get(failed);
    if (step !== undefined) report.reveal(step, headerOf(plan, step));
    throw error;
  }
}

/** The step that speaks for a vertex: the first one that made it. */
function stepsByVertex(plan: Plan): ReadonlyMap<number, number> {
  const steps = new Map<number, number>();
  for (const [index, step] of plan.steps.entries()) {
    if (!steps.has(step.vertex)) steps.set(step.vertex, index);
  }
  return steps;
}

function inputsOf(vertex: Vertex): readonly number[] {
  switch (vertex.kind) {
    case "image":
    case "scratch":
      return [];
    case "directory":
      return [vertex.input];
    case "copy":
      return vertex.tree.kind === "vertex" ? [vertex.input, vertex.tree.vertex] : [vertex.input];
    case "run":
      return [vertex.input, ...boundVertices(vertex)];
  }
}

function boundVertices(vertex: Extract<Vertex, { kind: "run" }>): number[] {
  return vertex.mounts.flatMap((mount) =>
    mount.kind === "bind" && mount.tree.kind === "vertex" ? [mount.tree.vertex] : [],
  );
}

interface Making {
  readonly inputs: readonly Outcome[];
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
}

async function makeTree(shared: BuildShared, run: PlanRun, vertex: Vertex, making: Making): Promise<Outcome> {
  const { lease, images, request } = run;
  if (vertex.kind === "scratch") return { tree: emptyTree, cached: true };
  if (vertex.kind === "image") {
    const tree = imageTree(images.get(vertex.reference));
    if (tree.chainID !== undefined) lease.protect(tree.chainID);
    for (const { descriptor } of tree.layers) lease.protect(descriptor.digest);
    return { tree, cached: true };
  }
  const trees = making.inputs.map(({ tree }) => tree);
  const [input = emptyTree, ...others] = trees;
  return await execute(shared.cache, shared.stepLocks, opOf(shared, run, vertex, { input, others }), {
    input,
    noCache: request.noCache,
    report: making.write,
    signal: making.signal,
    lease,
  });
}

function imageTree(image: Image | undefined): Tree {
  if (!image) return emptyTree;
  const diffIDs = image.config.rootfs.diff_ids;
  const layers = image.manifest.layers.flatMap((descriptor, index) => {
    const diffID = diffIDs[index];
    return diffID === undefined ? [] : [{ descriptor, diffID }];
  });
  return { chainID: image.chainID, layers };
}

function opOf(
  shared: BuildShared,
  run: PlanRun,
  vertex: Extract<Vertex, { kind: "run" | "copy" | "directory" }>,
  { input, others }: { input: Tree; others: readonly Tree[] },
): Op {
  const needs = { ...shared, session: run.session };
  switch (vertex.kind) {
    case "directory":
      return directoryOp(needs, vertex, input);
    case "copy":
      return copyOp(needs, vertex, input, vertex.tree.kind === "vertex" ? others[0] : undefined);
    case "run": {
      const bound = boundVertices(vertex);
      return runOp(needs, vertex, input, (id) => others[bound.indexOf(id)] ?? emptyTree);
    }
  }
}

interface WalkedStep extends StepResult {
  /** Names this step after all before it, in the cache. */
  readonly key: string;
}

/** Waits for the steps one after the other and says what became of each. */
async function walkSteps(
  shared: BuildShared,
  run: PlanRun,
  outcomes: readonly Promise<Outcome>[],
  report: StepReport,
): Promise<readonly WalkedStep[]> {
  const { plan, request } = run;
  const walked: WalkedStep[] = [];
  const speakers = stepsByVertex(plan);
  const times = new Map<string, { created: string; known: boolean }>();
  for (const [index, step] of plan.steps.entries()) {
    report.begin(index, headerOf(plan, index));
    const outcome = await outcomes[step.vertex];
    if (!outcome) throw new Error(`Step ${index} has no tree`);
    const { tree } = outcome;
    const previous = step.previous === undefined ? undefined : walked[step.previous];
    const key = stepKey(step, tree, previous);
    const isShared = step.changesTree && speakers.get(step.vertex) !== index;
    const isNew = step.changesTree && !outcome.cached && !isShared;
    const renew = (request.noCache || isNew) && step.createdBy !== undefined;
    const time = times.get(key) ?? shared.cache.stepTime(key, { now: new Date().toISOString(), renew });
    times.set(key, time);
    walked.push({ tree, created: time.created, key });
    const isCached = step.createdBy !== undefined && (step.changesTree ? !isNew : time.known);
    report.write(index, `${isCached ? " ---> Using cache\n" : ""} ---> ${shownID(run, walked)}\n`);
  }
  return walked;
}

function stepKey(step: Step, tree: Tree, previous: WalkedStep | undefined): string {
  if (step.createdBy === undefined) return previous?.key ?? cacheKey("from", step.base, tree.chainID);
  return cacheKey("step", previous?.key, tree.chainID, step.createdBy, step.config, step.author);
}

/** The ID that an image of the steps so far would have; empty for the empty image. */
function shownID({ plan, images }: PlanRun, walked: readonly WalkedStep[]): string {
  const chain = chainWith(plan, walked, walked.length - 1);
  const base = imageByID(images, chain[0]?.step.base);
  if (chain.every(({ step }) => step.createdBy === undefined)) return base ? shortID(base.id) : "";
  return shortID(digestOf(JSON.stringify(imageConfig(plan, chain, base?.config))));
}

function chainWith(plan: Plan, results: readonly WalkedStep[], last: number) {
  return chainOf(plan.steps, last).flatMap((index) => {
    const step = plan.steps[index];
    const result = results[index];
    return step && result ? [{ step, result }] : [];
  });
}

function headerOf(plan: Plan, index: number): string {
  const step = plan.steps[index];
  if (step?.number === undefined) return "";
  const header = `Step ${step.number}/${plan.stepCount} : ${step.text}\n`;
  const rest = plan.steps.slice(index + 1);
  const ownNext = rest.findIndex((next) => next.number !== undefined);
  const triggers = ownNext < 0 ? rest.length : ownNext;
  if (triggers === 0) return header;
  return `${header}# Executing ${triggers} build trigger${triggers === 1 ? "" : "s"}\n`;
}

async function exportImage(
  shared: BuildShared,
  run: PlanRun,
  results: readonly WalkedStep[],
): Promise<Image> {
  const { plan, images, tags } = run;
  const chain = chainWith(plan, results, plan.steps.length - 1);
  const base = imageByID(images, chain[0]?.step.base);
  if (base && chain.every(({ step }) => step.createdBy === undefined)) {
    for (const tag of tags) await shared.images.tag(base.id, tag);
    return base;
  }
  const config = imageConfig(plan, chain, base?.config);
  return await shared.images.put(config, chain.at(-1)?.result.tree.layers ?? [], tags);
}

function imageByID(images: ReadonlyMap<string, Image>, id: Digest | undefined): Image | undefined {
  return [...images.values()].find((image) => image.id === id);
}
