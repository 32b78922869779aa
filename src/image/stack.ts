import { type Digest, EngineError, Limiter } from "../base/index.ts";
import type { Arrival } from "../content/index.ts";
import type { Descriptor } from "../oci/index.ts";
import { chainID } from "../oci/index.ts";
import type { ChainID } from "../snapshot/index.ts";
import type { Collaborators } from "./collaborators.ts";
import type { LayerEvent } from "./layer-event.ts";
import { settle } from "./settle.ts";
import type { ImageLease } from "./types.ts";
import { type StackLayer, unpackLayer } from "./unpack-layer.ts";

/** As many as overlayfs takes below a writable one, with some to spare. */
const mostLayers = 400;

/** The bytes of a layer that is not stored here, from an offset on. */
export type LayerSource = (
  layer: Descriptor,
  options: { readonly offset: number; readonly signal: AbortSignal },
) => AsyncIterable<Uint8Array>;

export interface RaiseOptions {
  readonly lease: ImageLease;
  readonly signal?: AbortSignal | undefined;
  /** Where to get what is not stored; without, that fails with `not-found`. */
  readonly source?: LayerSource;
  /** How many layers come at the same time. */
  readonly downloads?: number;
  readonly hear: (layer: Descriptor, event: LayerEvent) => void;
}

export interface Unpackable {
  readonly layers: readonly Descriptor[];
  readonly diffIDs: readonly Digest[];
}

/** Layers with the snapshots that they are to become, lowest first. Throws `invalid` when the numbers differ. */
export function stackOf({ layers, diffIDs }: Unpackable): readonly StackLayer[] {
  if (layers.length > mostLayers)
    throw new EngineError("invalid", "max depth exceeded", { subject: `${layers.length} layers` });
  if (layers.length !== diffIDs.length) {
    const text = `invalid manifest, layers length mismatch: expected ${diffIDs.length}, got ${layers.length}`;
    throw new EngineError("invalid", text, { subject: "manifest" });
  }
  let parent: ChainID | undefined;
  return layers.map((descriptor, at) => {
    const diffID = diffIDs[at];
    if (diffID === undefined) throw new Error("unreachable");
    const layer: StackLayer = { descriptor, diffID, parent, chain: chainID(parent, diffID) };
    parent = layer.chain;
    return layer;
  });
}

/**
 * Makes sure that each layer is stored as blob and as committed snapshot: all at the same time, each once however many
 * want it. Ends when all have ended; throws what went wrong first.
 */
export async function raiseStack(
  needs: Collaborators,
  layers: readonly StackLayer[],
  options: RaiseOptions,
): Promise<void> {
  const giveUp = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, giveUp.signal]) : giveUp.signal;
  const limiter = new Limiter(options.downloads ?? layers.length);
  for (const { chain, descriptor } of layers) {
    options.lease.protect(chain);
    options.lease.protect(descriptor.digest);
  }
  const joined = layers.map((layer) => {
    const hear = (event: LayerEvent): void => options.hear(layer.descriptor, event);
    const raise = (jobSignal: AbortSignal, tell: (event: LayerEvent) => void) =>
      raiseLayer(needs, layer, { signal: jobSignal, tell, limiter, source: options.source });
    return needs.stacking.join(layer.chain, { signal, hear }, raise);
  });
  await settle(joined, giveUp);
}

interface Job {
  readonly signal: AbortSignal;
  readonly tell: (event: LayerEvent) => void;
  readonly limiter: Limiter;
  readonly source: LayerSource | undefined;
}

async function raiseLayer(needs: Collaborators, layer: StackLayer, job: Job): Promise<void> {
  const isStored = (await needs.content.find(layer.descriptor.digest)) !== undefined;
  const isUnpacked = await needs.snapshots.has(layer.chain);
  if (isStored && isUnpacked) return job.tell({ kind: "exists" });
  if (!isStored) job.tell({ kind: "waiting" });
  const giveUp = new AbortController();
  const own = { ...job, signal: AbortSignal.any([job.signal, giveUp.signal]) };
  const coming = Promise.withResolvers<Arrival>();
  coming.promise.catch(() => undefined);
  const store = async (): Promise<void> => {
    own.signal.throwIfAborted();
    const arrival = fetchLayer(needs, layer, own);
    coming.resolve(arrival);
    await arrival.stored;
  };
  const stored = isStored ? store() : job.limiter.run(store);
  stored.catch(coming.reject);
  if (isUnpacked) await stored;
  else await raiseSnapshot(needs, layer, { ...own, stored, coming: coming.promise, giveUp });
  if (isUnpacked) job.tell({ kind: "done" });
}

/** Unpacks a layer while its blob is being stored, and commits it when both are as they should be. */
async function raiseSnapshot(
  needs: Collaborators,
  layer: StackLayer,
  job: Job & {
    readonly stored: Promise<void>;
    readonly coming: Promise<Arrival>;
    readonly giveUp: AbortController;
  },
): Promise<void> {
  const { signal } = job;
  const unpacked = job.coming.then((arrival) =>
    unpackLayer(needs, layer, {
      arrival,
      signal,
      report: (bytes) => job.tell({ kind: "unpacking", bytes }),
      parent: () => parentOf(needs, layer, signal),
    }),
  );
  const removeUnpacked = async (error: unknown): Promise<never> => {
    const made = await unpacked.catch(() => undefined);
    if (made) await needs.snapshots.remove(made.key);
    throw error;
  };
  await settle([job.stored, unpacked], job.giveUp).catch(removeUnpacked);
  const { key, size } = await unpacked;
  try {
    signal.throwIfAborted();
    await needs.snapshots.commit(layer.chain, key);
  } catch (error) {
    await removeUnpacked(error);
  }
  needs.step("image:layer-committed");
  job.tell({ kind: "done", size });
}

function fetchLayer(
  { content }: Collaborators,
  { descriptor }: StackLayer,
  { signal, tell, source }: Job,
): Arrival {
  const arrival = content.fetch(
    descriptor,
    (offset) => {
      if (source) return source(descriptor, { offset, signal });
      throw new EngineError("not-found", `No such blob: ${descriptor.digest}`, {
        subject: descriptor.digest,
      });
    },
    {
      signal,
      report: (bytes) => tell({ kind: "downloading", bytes }),
      verifying: () => tell({ kind: "verifying" }),
    },
  );
  arrival.stored.then(
    () => tell({ kind: "downloaded" }),
    () => undefined,
  );
  return arrival;
}

/** Waits for the layer below, which is being raised too, or was before. */
async function parentOf(needs: Collaborators, { parent }: StackLayer, signal: AbortSignal): Promise<void> {
  if (parent === undefined || (await needs.snapshots.has(parent))) return;
  await needs.stacking.join(parent, { signal, hear: () => {} }, async () => {
    throw new EngineError("internal", `Cannot unpack: the layer below, ${parent}, could not be unpacked`, {
      subject: parent,
    });
  });
}
