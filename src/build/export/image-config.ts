import type { HistoryEntry, ImageConfig, ImageRunConfig } from "../../oci/index.ts";
import type { Plan, Step } from "../dockerfile/index.ts";
import type { Tree } from "../ops/index.ts";

/** What became of one step. */
export interface StepResult {
  readonly tree: Tree;
  /** RFC 3339: when a step with this outcome first ended. */
  readonly created: string;
}

const comment = "gantry.dockerfile.v1";

/**
 * The config of the image that a chain of steps makes, first step first. Pure, and stable: with the same results it
 * is the same to the byte, so that a build that finds every step in the cache gives the same image ID.
 */
export function imageConfig(
  plan: Pick<Plan, "platform">,
  chain: readonly { readonly step: Step; readonly result: StepResult }[],
  base: ImageConfig | undefined,
): ImageConfig {
  const last = chain.at(-1);
  if (!last) throw new Error("An image is made of one step at least");
  const { platform } = plan;
  const variant = base ? base.variant : platform.variant;
  const author = last.step.author ?? base?.author;
  return {
    created: last.result.created,
    ...(author === undefined ? {} : { author }),
    architecture: base?.architecture ?? platform.architecture,
    os: base?.os ?? platform.os,
    ...(variant === undefined ? {} : { variant }),
    config: withoutUndefined(last.step.config),
    rootfs: { type: "layers", diff_ids: last.result.tree.layers.map(({ diffID }) => diffID) },
    history: [...(base?.history ?? []), ...historyOf(chain)],
  };
}

function historyOf(chain: readonly { readonly step: Step; readonly result: StepResult }[]): HistoryEntry[] {
  const entries: HistoryEntry[] = [];
  let layers = chain[0]?.result.tree.layers.length ?? 0;
  for (const { step, result } of chain) {
    const isEmpty = result.tree.layers.length === layers;
    layers = result.tree.layers.length;
    if (step.createdBy === undefined) continue;
    entries.push({
      created: result.created,
      created_by: step.createdBy,
      comment,
      ...(isEmpty ? { empty_layer: true } : {}),
    });
  }
  return entries;
}

function withoutUndefined(config: ImageRunConfig): ImageRunConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}

/** The steps that an image is made of, first one first. */
export function chainOf(steps: readonly Step[], last: number): number[] {
  const chain: number[] = [];
  for (let at: number | undefined = last; at !== undefined; at = steps[at]?.previous) chain.unshift(at);
  return chain;
}
