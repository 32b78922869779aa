import { join } from "node:path";
import { type Digest, isDigest } from "../base/index.ts";
import type { Image, ImageService } from "../image/index.ts";
import type { LayerTools } from "../layer/index.ts";
import { chainIDs } from "../oci/index.ts";
import type { Collection, Records } from "../records/index.ts";
import type { Snapshotter } from "../snapshot/index.ts";
import { commandsOf } from "./commands.ts";
import { compareStacks, type Difference } from "./difference.ts";
import { changeOf } from "./history.ts";
import type { Inventory } from "./merge.ts";
import { reportStack, type StackReport, walkStack } from "./report.ts";
import { sameContent } from "./same-content.ts";
import type { FileChange, ImageView, LayerView, LayerViews } from "./types.ts";

export interface LayerViewNeeds {
  readonly images: Pick<ImageService, "get" | "lease">;
  readonly snapshots: Pick<Snapshotter, "layerDirectory" | "has">;
  readonly layers: Pick<LayerTools, "inventory">;
  readonly records: Records;
}

interface Abort {
  readonly signal?: AbortSignal | undefined;
}

/** See `LayerViews`. */
export function createLayerViews(needs: LayerViewNeeds): LayerViews {
  const kept: Collection<StackReport> = needs.records.collection("layer-reports");
  return {
    layers: async (reference, options = {}) =>
      viewOf(needs.images.get(reference), await reportOf(needs, kept, { reference, ...options })),
    files: (reference, options = {}) => filesOf(needs, reference, options),
    diff: (older, newer, options = {}) => diffOf(needs, [older, newer], options),
  };
}

async function reportOf(
  needs: LayerViewNeeds,
  kept: Collection<StackReport>,
  { reference, signal }: Abort & { readonly reference: string },
): Promise<StackReport> {
  const image = needs.images.get(reference);
  if (image.chainID === undefined) return { layers: [], wasters: [] };
  const known = kept.find(image.chainID);
  if (known) return known;
  using lease = needs.images.lease();
  lease.protect(image.chainID);
  const report = await reportStack(await inventories(needs, chainsOf(image), { signal }));
  await forgetGone(needs, kept);
  kept.put(image.chainID, report);
  return report;
}

/** Reports on stacks that are gone go with the next one that is made. */
async function forgetGone(needs: LayerViewNeeds, kept: Collection<StackReport>): Promise<void> {
  for (const [chain] of kept.entries()) {
    if (!isDigest(chain) || !(await needs.snapshots.has(chain))) kept.remove(chain);
  }
}

function viewOf(image: Image, report: StackReport): ImageView {
  const commands = commandsOf(image.config);
  const chains = chainsOf(image);
  const layers = report.layers.map((layer, at): LayerView => {
    const descriptor = image.manifest.layers[at];
    const diffID = image.config.rootfs.diff_ids[at];
    const chainID = chains[at];
    if (!descriptor || !diffID || !chainID) throw new Error(`Image ${image.id} has lost layer ${at}`);
    return {
      ...layer,
      ...{ diffID, chainID, digest: descriptor.digest },
      ...(commands[at] ?? { command: "", created: "" }),
      size: image.layerSizes[at] ?? 0,
      compressedSize: descriptor.size,
    };
  });
  const wasted = layers.reduce((sum, { wastedBytes }) => sum + wastedBytes, 0);
  const efficiency = image.size > 0 ? Math.max(0, 1 - wasted / image.size) : 1;
  return { image, layers, wasted, efficiency, wasters: report.wasters };
}

async function* filesOf(
  needs: LayerViewNeeds,
  reference: string,
  { layer, signal }: Abort & { readonly layer?: number },
): AsyncGenerator<FileChange> {
  const image = needs.images.get(reference);
  if (image.chainID === undefined) return;
  using lease = needs.images.lease();
  lease.protect(image.chainID);
  const changes: FileChange[] = [];
  await walkStack(await inventories(needs, chainsOf(image), { signal }), ({ path }, steps) => {
    for (const step of steps) {
      const change = layer === undefined || layer === step.layer ? changeOf(step) : undefined;
      if (!change) continue;
      const { before, after } = step;
      changes.push({
        layer: step.layer,
        change: change.change,
        path,
        before: before?.entry,
        after: after?.entry,
      });
    }
  });
  yield* changes;
}

async function diffOf(
  needs: LayerViewNeeds,
  [older, newer]: readonly [string, string],
  { path = "", signal }: Abort & { readonly path?: string },
): Promise<{ sharedLayers: number; changes: readonly FileChange[] }> {
  const chains = [older, newer].map((one) => chainsOf(needs.images.get(one)));
  const [before = [], after = []] = chains;
  using lease = needs.images.lease();
  for (const chain of [before.at(-1), after.at(-1)]) if (chain) lease.protect(chain);
  const sharedLayers = before.findIndex((chain, at) => chain !== after[at]);
  const shared = sharedLayers < 0 ? before.length : sharedLayers;
  const numbered = [...before, ...after.slice(shared)];
  // Both trees are the same layers: nothing can differ.
  if (shared === before.length && shared === after.length) return { sharedLayers: shared, changes: [] };
  const trees = await inventories(needs, numbered, { signal });
  const differences = await compareStacks(
    {
      shared: trees.slice(0, shared),
      older: trees.slice(shared, before.length),
      newer: trees.slice(before.length),
    },
    below(path),
  );
  const changes: FileChange[] = [];
  for (const one of differences) {
    signal?.throwIfAborted();
    if (one.unsure && (await isSame(needs, numbered, one))) continue;
    const layer = one.after?.layer ?? one.before?.layer ?? 0;
    changes.push({
      layer,
      change: one.change,
      path: one.path,
      before: one.before?.entry,
      after: one.after?.entry,
    });
  }
  return { sharedLayers: shared, changes };
}

async function isSame(
  needs: LayerViewNeeds,
  chains: readonly Digest[],
  { before, after, path }: Difference,
): Promise<boolean> {
  const fileOf = async (layer: number | undefined) => {
    const chain = layer === undefined ? undefined : chains[layer];
    if (chain === undefined) throw new Error(`No layer ${layer}`);
    return Buffer.concat([
      Buffer.from(join(await needs.snapshots.layerDirectory(chain), "/")),
      Buffer.from(path, "latin1"),
    ]);
  };
  return await sameContent(await fileOf(before?.layer), await fileOf(after?.layer));
}

/** Whether a path is the wanted one, or lies below it. */
function below(path: string): (one: string) => boolean {
  const bytes = Buffer.from(path.replace(/^(\.?\/)+|\/+$/g, "")).toString("latin1");
  if (bytes === "" || bytes === ".") return () => true;
  return (one) => one === bytes || one.startsWith(`${bytes}/`);
}

async function inventories(
  needs: LayerViewNeeds,
  chains: readonly Digest[],
  { signal }: Abort,
): Promise<readonly Inventory[]> {
  const directories = await Promise.all(chains.map((chain) => needs.snapshots.layerDirectory(chain)));
  return directories.map((directory) => needs.layers.inventory(directory, signal ? { signal } : {}));
}

function chainsOf(image: Image): readonly Digest[] {
  return chainIDs(image.config.rootfs.diff_ids);
}
