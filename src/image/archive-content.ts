import type { ContentStore } from "../content/index.ts";
import type { LayerTools } from "../layer/index.ts";
import type { Descriptor } from "../oci/index.ts";
import { readArchive } from "./load-archive.ts";
import { planLoad } from "./load-plan.ts";
import type { ImageLease } from "./types.ts";

/** An image of an archive, its blobs stored. */
export interface ArchivedImage {
  readonly manifest: Descriptor;
  /** Full names. */
  readonly names: readonly string[];
}

/**
 * Stores the blobs of an image archive (`docker save` or OCI layout, compressed or not) and tells its images, without
 * unpacking any. Of an index it is the image for this machine.
 */
export async function readImageArchive(
  needs: { readonly content: ContentStore; readonly layers: Pick<LayerTools, "decompress"> },
  archive: AsyncIterable<Uint8Array>,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly ArchivedImage[]> {
  const { signal } = options;
  const plain = needs.layers.decompress(archive, signal ? { signal } : {});
  // The store is the caller's own: nothing collects in it.
  const lease: ImageLease = { protect: () => {}, [Symbol.dispose]: () => {} };
  const members = await readArchive(plain, { content: needs.content, lease, signal });
  const plans = await planLoad(members, needs.content);
  return plans.map(({ manifestDescriptor, names }) => ({ manifest: manifestDescriptor, names }));
}
