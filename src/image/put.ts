import { compressLayer } from "../layer/index.ts";
import { chainID, chainIDs, type ImageConfig, type Manifest, mediaTypes } from "../oci/index.ts";
import type { ChainID } from "../snapshot/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { recordName } from "./names.ts";
import { recordImage } from "./record-image.ts";
import type { Image, StoredLayer } from "./types.ts";

/** See `ImageService.put`. */
export async function putImage(
  needs: Collaborators,
  config: ImageConfig,
  what: { readonly layers: readonly StoredLayer[]; readonly references: readonly string[] },
): Promise<Image> {
  const names = what.references.map(recordName);
  const wanted = config.rootfs.diff_ids;
  if (wanted.length !== what.layers.length || what.layers.some(({ diffID }, at) => diffID !== wanted[at])) {
    throw new Error("The layers of an image are not those of its config");
  }
  using lease = needs.leases.open();
  for (const { descriptor } of what.layers) lease.protect(descriptor.digest);
  const encode = (value: object) => new TextEncoder().encode(JSON.stringify(value));
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: await needs.content.put(encode(config), mediaTypes.ociConfig),
    layers: what.layers.map(({ descriptor }) => descriptor),
  };
  const manifestDescriptor = await needs.content.put(encode(manifest), manifest.mediaType);
  const image = await recordImage(needs, { manifest, manifestDescriptor, config, names });
  needs.leases.settle([...what.layers.map(({ descriptor }) => descriptor.digest), ...chainIDs(wanted)]);
  return image;
}

/** See `ImageService.commitLayer`. */
export async function commitLayer(
  needs: Collaborators,
  key: string,
  parent: ChainID | undefined,
): Promise<{ layer: StoredLayer; chainID: ChainID }> {
  using _lease = needs.leases.open();
  const { directory, older } = await needs.snapshots.changes(key);
  const layer = compressLayer(needs.layers.diff(directory, older === undefined ? {} : { older }));
  const descriptor = await needs.content.ingest(layer.chunks, { mediaType: mediaTypes.ociLayerGzip });
  const { diffID } = layer.tar();
  const chain = chainID(parent, diffID);
  needs.leases.grace(descriptor.digest);
  needs.leases.grace(chain);
  await needs.snapshots.commit(chain, key);
  return { layer: { descriptor, diffID }, chainID: chain };
}
