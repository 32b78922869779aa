import type { Digest } from "../../../base/index.ts";
import type { ImageConfig } from "../../../oci/index.ts";
import { parseError } from "../error.ts";
import {
  type FromInstruction,
  type Program,
  parseInstruction,
  type StageInstruction,
} from "../instructions/index.ts";
import { type Node, parseDockerfile } from "../parser/index.ts";
import { type ArgValues, expand, globalScope } from "./scope.ts";

/** What a stage stands on. */
export type Base =
  | { readonly kind: "scratch" }
  | { readonly kind: "stage"; readonly index: number }
  | { readonly kind: "image"; readonly reference: string };

/** Where `--from` points. */
export type From =
  | { readonly kind: "stage"; readonly index: number }
  | { readonly kind: "image"; readonly reference: string };

export interface OutlinedStage {
  readonly index: number;
  readonly from: FromInstruction;
  readonly platform: string | undefined;
  readonly base: Base;
  readonly instructions: readonly StageInstruction[];
}

/** A program whose FROM lines are resolved: it is known what stands on what. */
export interface Outline {
  readonly program: Program;
  readonly globals: ReadonlyMap<string, string>;
  readonly stages: readonly OutlinedStage[];
  /** Index of the stage that becomes the image. */
  readonly target: number;
}

/** An image that is here, as far as lowering needs it. */
export interface BaseImage {
  readonly id: Digest;
  readonly config: ImageConfig;
}

/** Resolves FROM lines and the target. Pure. Throws `DockerfileError`. */
export function outline(program: Program, options: { target?: string; values: ArgValues }): Outline {
  const globals = globalScope(program.globals, options.values, program.escape);
  const stages = program.stages.map((stage): OutlinedStage => {
    const { node, platform } = stage.from;
    const variables = { escape: program.escape, variables: globals };
    return {
      index: stage.index,
      from: stage.from,
      platform: platform === undefined ? undefined : expand(node, platform, variables),
      base: baseOf(program, stage.index, expand(node, stage.from.image, variables)),
      instructions: stage.instructions,
    };
  });
  return { program, globals, stages, target: targetIndex(program, options.target) };
}

function baseOf(program: Program, index: number, image: string): Base {
  const node = program.stages[index]?.from.node;
  if (image === "" && node) {
    throw parseError("base name should not be blank", node.place(), "A variable in this line has no value.");
  }
  const earlier = program.stages
    .slice(0, index)
    .findLast((stage) => stage.from.stageName === image.toLowerCase());
  if (earlier) return { kind: "stage", index: earlier.index };
  return image === "scratch" ? { kind: "scratch" } : { kind: "image", reference: image };
}

function targetIndex(program: Program, target: string | undefined): number {
  const last = program.stages.length - 1;
  if (target === undefined || target === "") return last;
  const named = program.stages.findLast((stage) => stage.from.stageName === target.toLowerCase());
  if (named) return named.index;
  const number = /^\d+$/.test(target) ? Number(target) : -1;
  if (number >= 0 && number <= last) return number;
  const place = program.stages[last]?.from.node.place() ?? {
    file: program.file,
    line: 1,
    column: 1,
    text: "",
  };
  const names = program.stages.flatMap((stage) => stage.from.stageName ?? []);
  throw parseError(
    `target stage ${JSON.stringify(target)} could not be found`,
    place,
    names.length === 0 ? "No stage of this file has a name." : `Stages of this file: ${names.join(", ")}.`,
  );
}

/** Resolves `--from` of an instruction in stage `index`: an earlier stage by name or number, else an image. */
export function resolveFrom(stages: readonly OutlinedStage[], index: number, node: Node, from: string): From {
  const named = stages.slice(0, index).findLast((stage) => stage.from.stageName === from.toLowerCase());
  if (named) return { kind: "stage", index: named.index };
  if (/^\d+$/.test(from)) {
    if (Number(from) < index) return { kind: "stage", index: Number(from) };
    throw parseError(`invalid from flag value ${from}: not a stage before this one`, node.place("--from"));
  }
  if (stages.slice(index).some((stage) => stage.from.stageName === from.toLowerCase())) {
    const reason = `invalid from flag value ${from}: refers to this stage or to a later one`;
    throw parseError(reason, node.place("--from"), "Move that stage up.");
  }
  if (from.includes("$")) {
    const reason = "variable expansion is not supported for --from";
    throw parseError(
      reason,
      node.place("--from"),
      "Define a new stage with FROM using ARG from global scope as a workaround.",
    );
  }
  return { kind: "image", reference: from };
}

/** The instructions of a stage, the triggers of its base image first. Throws `DockerfileError` for a bad trigger. */
export function instructionsOf(
  stage: OutlinedStage,
  images: ReadonlyMap<string, BaseImage>,
): { triggers: readonly StageInstruction[]; own: readonly StageInstruction[] } {
  const image = stage.base.kind === "image" ? images.get(stage.base.reference) : undefined;
  const triggers = (image?.config.config?.OnBuild ?? []).map((trigger) => parseTrigger(trigger, stage));
  return { triggers, own: stage.instructions };
}

function parseTrigger(trigger: string, stage: OutlinedStage): StageInstruction {
  const name = `ONBUILD of ${stage.from.image}`;
  const node = parseDockerfile(new TextEncoder().encode(trigger), name).nodes[0];
  const instruction = node && parseInstruction(node);
  if (node && instruction && instruction.kind !== "from") return instruction;
  throw parseError("FROM isn't allowed as an ONBUILD trigger", stage.from.node.place());
}

/** Every `--from` of an instruction, as written. */
export function fromsOf(instruction: StageInstruction): readonly string[] {
  if (instruction.kind === "copy") return instruction.from === undefined ? [] : [instruction.from];
  if (instruction.kind === "run") return instruction.mounts.flatMap((mount) => mount.from ?? []);
  return [];
}
