import { type Digest, EngineError, hexOf, isKind, newID } from "../base/index.ts";
import type { Arrival } from "../content/index.ts";
import type { Unpacked } from "../layer/index.ts";
import type { Descriptor, Mount } from "../oci/index.ts";
import type { ChainID } from "../snapshot/index.ts";
import type { Collaborators } from "./collaborators.ts";

type Needs = Pick<Collaborators, "snapshots" | "layers" | "unpackers" | "step">;

/** One layer of an image and the snapshot that it is to become. */
export interface StackLayer {
  readonly descriptor: Descriptor;
  readonly diffID: Digest;
  readonly chain: ChainID;
  readonly parent: ChainID | undefined;
}

export interface UnpackLayerOptions {
  readonly arrival: Arrival;
  readonly signal: AbortSignal;
  readonly report: (bytes: number) => void;
  /** Resolves when the layer below is committed. */
  readonly parent: () => Promise<void>;
}

/**
 * Unpacks a layer while it arrives, without waiting for those below it unless its archive stands on them. Resolves to
 * the key of an active snapshot on its parent, ready to be committed, and to its size; when it fails none stays.
 */
export async function unpackLayer(
  needs: Needs,
  layer: StackLayer,
  options: UnpackLayerOptions,
): Promise<{ readonly key: string; readonly size: number }> {
  const { parent } = layer;
  if (parent !== undefined && !(await needs.snapshots.has(parent))) {
    const apart = await unpackApart(needs, layer, options);
    if (apart) {
      await finish(needs, apart.key, async () => {
        await options.parent();
        await needs.snapshots.attach(apart.key, parent, { root: !apart.unpacked.root });
      });
      return { key: apart.key, size: apart.unpacked.usage.bytes };
    }
  }
  await options.parent();
  const key = newKey(layer);
  const mounts = await needs.snapshots.prepare(key, parent);
  const unpacked = await unpackInto(needs, layer, { key, place: mounts }, options);
  if (unpacked === "not-apart") throw new Error("A layer on its parent cannot miss it");
  return { key, size: unpacked.usage.bytes };
}

/** Undefined when the layer has to wait for those below it. */
async function unpackApart(
  needs: Needs,
  layer: StackLayer,
  options: UnpackLayerOptions,
): Promise<{ readonly key: string; readonly unpacked: Unpacked } | undefined> {
  const key = newKey(layer);
  const directory = await needs.snapshots.prepareApart(key);
  if (directory === undefined) return undefined;
  const unpacked = await unpackInto(needs, layer, { key, place: { apart: directory } }, options);
  if (unpacked !== "not-apart") return { key, unpacked };
  await needs.snapshots.remove(key);
  return undefined;
}

async function unpackInto(
  needs: Needs,
  layer: StackLayer,
  to: { readonly key: string; readonly place: readonly Mount[] | { readonly apart: string } },
  { arrival, signal, report }: UnpackLayerOptions,
): Promise<Unpacked | "not-apart"> {
  return await finish(needs, to.key, async () => {
    using _slot = await needs.unpackers.take(arrival);
    const unpacked = await needs.layers
      .unpack(arrival, to.place, { signal, report })
      .catch((error: unknown) => {
        throw ofLayer(error, layer.descriptor.digest);
      });
    if (unpacked !== "not-apart") checkDiffID(layer, unpacked.diffID);
    needs.step("image:layer-unpacked");
    return unpacked;
  });
}

/** The snapshot goes when the work fails. */
async function finish<T>(needs: Needs, key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await needs.snapshots.remove(key);
    throw error;
  }
}

/** A bad archive, with the layer it is. */
export function ofLayer(error: unknown, digest: Digest): unknown {
  if (!isKind(error, "invalid") || error.subject === digest) return error;
  return new EngineError("invalid", `failed to register layer ${digest}: ${error.message}`, {
    subject: digest,
    cause: error,
  });
}

/** Throws `invalid` when a layer's content is not what the config says. */
export function checkDiffID(
  { descriptor, diffID }: Pick<StackLayer, "descriptor" | "diffID">,
  got: Digest,
): void {
  if (got === diffID) return;
  throw new EngineError(
    "invalid",
    `invalid diffID for layer ${descriptor.digest}: expected ${diffID}, got ${got}`,
    { subject: descriptor.digest },
  );
}

function newKey({ descriptor }: StackLayer): string {
  return `unpack-${hexOf(descriptor.digest).slice(0, 12)}-${newID().slice(0, 12)}`;
}
