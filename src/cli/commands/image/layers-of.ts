import type { ImageHistoryItem, ImageInspect } from "../../../wire/index.ts";
import type { Layer } from "./layer-forest.ts";

/** An image's layers from the bottom up, with sizes and origins where its history tells them. */
export function layersOf(
  image: Pick<ImageInspect, "RootFS" | "Size">,
  history: readonly ImageHistoryItem[],
): Layer[] {
  const diffIDs = image.RootFS.Layers ?? [];
  const steps = matchSteps([...history].reverse(), diffIDs.length);
  if (steps) {
    return diffIDs.map((diffID, index) => ({
      diffID,
      size: steps[index]?.Size ?? 0,
      createdBy: originOf(steps[index]),
    }));
  }
  // The history does not tell: all that is known is the sum, counted at the top.
  const top = diffIDs.length - 1;
  return diffIDs.map((diffID, index) => ({ diffID, size: index === top ? image.Size : 0, createdBy: "" }));
}

/** The steps that made a layer: a step that only set a value made none. */
function matchSteps(
  steps: readonly ImageHistoryItem[],
  count: number,
): readonly ImageHistoryItem[] | undefined {
  const candidates = [
    steps,
    steps.filter((step) => step.Size > 0),
    steps.filter((step) => step.Size > 0 || !setsValue(step.CreatedBy)),
  ];
  return candidates.find((some) => some.length === count);
}

function setsValue(createdBy: string): boolean {
  return /^(\/bin\/sh -c #\(nop\)\s+)?(ARG|CMD|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|SHELL|STOPSIGNAL|USER|VOLUME)\b/.test(
    createdBy,
  );
}

/** The instruction that made a layer, without the shell around it; a layer that came whole has a comment. */
function originOf(step: ImageHistoryItem | undefined): string {
  return stepText(step?.CreatedBy || step?.Comment || "");
}

/** A step of a history as people write it. */
export function stepText(command: string): string {
  return command
    .replace(/^\/bin\/sh -c #\(nop\)\s+/, "")
    .replace(/^(RUN )?(\|\d+ .*?)?\/bin\/sh -c /, "RUN ")
    .replace(/\s+/g, " ")
    .trim();
}
