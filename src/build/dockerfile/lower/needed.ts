import {
  type BaseImage,
  fromsOf,
  instructionsOf,
  type Outline,
  type OutlinedStage,
  resolveFrom,
} from "./outline.ts";

/** What a target stands on, all the way down. */
export interface Needed {
  /** Indexes of stages, rising. */
  readonly stages: readonly number[];
  /** References of images as the file names them, in order of appearance. */
  readonly images: readonly string[];
}

/**
 * The stages and images that the target needs. Triggers of images that are not in `images` yet are unknown: call
 * again when they are. Pure.
 */
export function needed(outline: Outline, images: ReadonlyMap<string, BaseImage>): Needed {
  const stages = new Set<number>();
  const references = new Set<string>();
  const waiting = [outline.target];
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    const stage = outline.stages[index];
    if (!stage || stages.has(index)) continue;
    stages.add(index);
    const direct = needsOf(outline, stage, images);
    waiting.push(...direct.stages);
    for (const reference of direct.images) references.add(reference);
  }
  return { stages: [...stages].sort((a, b) => a - b), images: [...references] };
}

function needsOf(outline: Outline, stage: OutlinedStage, images: ReadonlyMap<string, BaseImage>): Needed {
  const { triggers, own } = instructionsOf(stage, images);
  const sources = [...triggers, ...own].flatMap((instruction) =>
    fromsOf(instruction).map((from) => resolveFrom(outline.stages, stage.index, instruction.node, from)),
  );
  const all = [stage.base, ...sources];
  return {
    stages: all.flatMap((source) => (source.kind === "stage" ? [source.index] : [])),
    images: all.flatMap((source) => (source.kind === "image" ? [source.reference] : [])),
  };
}
