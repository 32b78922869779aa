import { Barriers } from "./barriers.ts";
import { changeOf, historyOf, type Step } from "./history.ts";
import { type Inventory, mergeTrees, type Row } from "./merge.ts";
import { Waste, type Waster } from "./waste.ts";

/** What one layer of a stack does to the files below it. Directories do not count. */
export interface LayerReport {
  readonly added: number;
  readonly changed: number;
  readonly deleted: number;
  /** Of the changed ones, those whose content stayed: only mode, owner or attributes are new. */
  readonly metadataOnly: number;
  /** Files of this layer that a later one hides: their bytes are carried for nothing. */
  readonly wastedFiles: number;
  readonly wastedBytes: number;
}

export interface StackReport {
  /** Lowest first. */
  readonly layers: readonly LayerReport[];
  readonly wasters: readonly Waster[];
}

const wastersKept = 100;

/** Compares the layers of a stack, lowest first. */
export async function reportStack(layers: readonly Inventory[]): Promise<StackReport> {
  const counts = layers.map(() => ({ added: 0, changed: 0, deleted: 0, metadataOnly: 0 }));
  const waste = new Waste(wastersKept);
  await walkStack(layers, (row, steps) => {
    for (const step of steps) {
      const count = counts[step.layer];
      const change = changeOf(step);
      if (!count || !change || !concernsFile(step)) continue;
      count[change.change] += 1;
      if (change.metadata) count.metadataOnly += 1;
    }
    waste.add(
      row.path,
      steps.flatMap(({ before }) => (before ? [before] : [])),
    );
  });
  return {
    layers: counts.map((count, layer) => {
      const { bytes, files } = waste.of(layer);
      return { ...count, wastedFiles: files, wastedBytes: bytes };
    }),
    wasters: waste.top(),
  };
}

/** Visits each path at which something happens, with what happens there. */
export async function walkStack(
  layers: readonly Inventory[],
  visit: (row: Row, steps: readonly Step[]) => void,
): Promise<void> {
  const barriers = new Barriers();
  await mergeTrees(layers, (row) => {
    const steps = historyOf(row, barriers.at(row));
    if (steps.length > 0) visit(row, steps);
  });
}

/** A directory that takes a file's place, or the reverse, changes a file. */
function concernsFile({ before, after }: Step): boolean {
  const kinds = [before, after].flatMap((one) => (one ? [one.entry.kind] : []));
  return kinds.some((kind) => kind !== "directory");
}
