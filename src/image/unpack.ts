import { type Digest, EngineError, hexOf, newID } from "../base/index.ts";
import { chainID, type Descriptor } from "../oci/index.ts";
import type { ChainID } from "../snapshot/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { raiseStack, stackOf, type Unpackable } from "./stack.ts";
import type { ImageLease } from "./types.ts";
import { ofLayer } from "./unpack-layer.ts";

export interface UnpackOptions {
  readonly lease: ImageLease;
  readonly signal?: AbortSignal | undefined;
  /** Called before a layer is unpacked; not for those that are there already. */
  readonly begins?: (layer: Descriptor) => void;
  readonly ends?: (layer: Descriptor) => void;
}

/**
 * Makes a committed snapshot of each stored layer and returns the sizes of those that were not there. A layer that another caller is
 * unpacking is waited for and shared. Throws `invalid` when a layer's content is not its diffID.
 */
export async function unpack(
  needs: Collaborators,
  what: Unpackable,
  { lease, signal, begins, ends }: UnpackOptions,
): Promise<ReadonlyMap<ChainID, number>> {
  const layers = stackOf(what);
  const sizes = new Map<ChainID, number>();
  const begun = new Set<Descriptor>();
  await raiseStack(needs, layers, {
    lease,
    signal,
    hear: (layer, event) => {
      if (event.kind === "exists") return;
      if (!begun.has(layer)) begins?.(layer);
      begun.add(layer);
      if (event.kind !== "done") return;
      ends?.(layer);
      const chain = layers.find(({ descriptor }) => descriptor === layer)?.chain;
      if (chain !== undefined && event.size !== undefined) sizes.set(chain, event.size);
    },
  });
  return sizes;
}

/** Unpacks a stored layer that stands on none and commits it, whatever its diffID is. When it fails nothing stays. */
export async function unpackRoot(
  needs: Collaborators,
  layer: Descriptor,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<{ readonly diffID: Digest; readonly chain: ChainID }> {
  const key = `unpack-${hexOf(layer.digest).slice(0, 12)}-${newID().slice(0, 12)}`;
  const mounts = await needs.snapshots.prepare(key, undefined);
  try {
    const arrival = needs.content.fetch(layer, () => {
      throw new EngineError("not-found", `No such blob: ${layer.digest}`, { subject: layer.digest });
    });
    const options = signal ? { signal } : {};
    const unpacked = await needs.layers.unpack(arrival, mounts, options).catch((error: unknown) => {
      throw ofLayer(error, layer.digest);
    });
    if (unpacked === "not-apart") throw new Error("A layer without parent cannot miss it");
    const chain = chainID(undefined, unpacked.diffID);
    await needs.snapshots.commit(chain, key);
    return { diffID: unpacked.diffID, chain };
  } catch (error) {
    await needs.snapshots.remove(key);
    throw error;
  }
}
