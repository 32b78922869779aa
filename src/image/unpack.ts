import { type Digest, EngineError, hexOf, newID } from "../base/index.ts";
import { chainID, type Descriptor } from "../oci/index.ts";
import type { ChainID } from "../snapshot/index.ts";
import type { Collaborators } from "./collaborators.ts";
import type { ImageLease } from "./types.ts";

type Needs = Pick<Collaborators, "content" | "snapshots" | "layers" | "unpacking">;

/** As many as overlayfs takes below a writable one, with some to spare. */
const mostLayers = 400;

/** Layers as an image names them. */
export interface Unpackable {
  readonly layers: readonly Descriptor[];
  readonly diffIDs: readonly Digest[];
}

export interface UnpackOptions {
  readonly lease: ImageLease;
  readonly signal?: AbortSignal | undefined;
  /** Called before a layer is applied; not for those that are there already. */
  readonly begins?: (layer: Descriptor) => void;
  readonly ends?: (layer: Descriptor) => void;
}

/**
 * Makes a committed snapshot of each layer, lowest first, and returns the chainID on top. A layer that another
 * caller is unpacking is waited for and shared. Throws `invalid` when a layer's content is not its diffID.
 */
export async function unpack(
  needs: Needs,
  { layers, diffIDs }: Unpackable,
  options: UnpackOptions,
): Promise<ChainID | undefined> {
  if (layers.length !== diffIDs.length) {
    throw new EngineError(
      "invalid",
      `invalid manifest, layers length mismatch: expected ${diffIDs.length}, got ${layers.length}`,
      { subject: "manifest" },
    );
  }
  if (layers.length > mostLayers)
    throw new EngineError("invalid", "max depth exceeded", { subject: `${layers.length} layers` });
  let parent: ChainID | undefined;
  for (const [index, layer] of layers.entries()) {
    const diffID = diffIDs[index];
    if (diffID === undefined) break;
    const chain = chainID(parent, diffID);
    options.lease.protect(chain);
    await needs.unpacking.run(chain, () => unpackOne(needs, { layer, diffID, chain, parent }, options));
    parent = chain;
  }
  return parent;
}

async function unpackOne(
  needs: Needs,
  what: { layer: Descriptor; diffID: Digest; chain: ChainID; parent: ChainID | undefined },
  options: UnpackOptions,
): Promise<void> {
  if (await needs.snapshots.has(what.chain)) return;
  options.begins?.(what.layer);
  await applyLayer(needs, what, {
    signal: options.signal,
    expected: what.diffID,
  });
  options.ends?.(what.layer);
}

/**
 * Applies one layer on `parent` and commits it, whatever its diffID turns out to be, unless one is expected. When
 * it fails nothing stays.
 */
export async function applyLayer(
  needs: Omit<Needs, "unpacking">,
  what: { readonly layer: Descriptor; readonly parent: ChainID | undefined },
  options: { readonly signal?: AbortSignal | undefined; readonly expected?: Digest },
): Promise<{ readonly diffID: Digest; readonly chain: ChainID }> {
  const { layer, parent } = what;
  const key = `unpack-${hexOf(layer.digest).slice(0, 12)}-${newID().slice(0, 12)}`;
  const mounts = await needs.snapshots.prepare(key, parent);
  try {
    const { signal, expected } = options;
    const applied = needs.layers.apply(needs.content.open(layer.digest), mounts, signal ? { signal } : {});
    const { diffID } = await applied.catch((error: unknown) => {
      throw ofLayer(error, layer.digest);
    });
    if (expected !== undefined && diffID !== expected) {
      throw new EngineError(
        "invalid",
        `invalid diffID for layer ${layer.digest}: expected ${expected}, got ${diffID}`,
        {
          subject: layer.digest,
        },
      );
    }
    const chain = chainID(parent, diffID);
    await needs.snapshots.commit(chain, key);
    return { diffID, chain };
  } catch (error) {
    await needs.snapshots.remove(key);
    throw error;
  }
}

/** A bad archive, with the layer it is. */
function ofLayer(error: unknown, digest: Digest): unknown {
  if (!(error instanceof EngineError) || error.kind !== "invalid") return error;
  return new EngineError("invalid", `failed to register layer ${digest}: ${error.message}`, {
    subject: digest,
    cause: error,
  });
}
