import type { Digest, Logger } from "../base/index.ts";
import type { Announce } from "../container/index.ts";
import type { ContentStore } from "../content/index.ts";
import type { ImageService } from "../image/index.ts";
import type { LayerTools } from "../layer/index.ts";
import { createLayerViews, type LayerViews } from "../layer-view/index.ts";
import type { Records } from "../records/index.ts";
import type { RegistryClient } from "../registry/index.ts";
import { RegistryServers } from "../registry-server/index.ts";
import type { Snapshotter } from "../snapshot/index.ts";
import { createTransfer, type Transfer } from "../transfer/index.ts";
import type { Holder } from "./collect.ts";
import { engineEnd } from "./engine-end.ts";

export interface ImageToolsNeeds {
  readonly images: ImageService;
  readonly content: ContentStore;
  readonly snapshots: Snapshotter;
  readonly layers: LayerTools;
  readonly records: Records;
  readonly registries: RegistryClient;
  readonly temporaryDirectory: string;
  readonly root: string;
  readonly announce: Announce;
  readonly log: Logger;
}

/** What is done with images beside running them: looked into, served, moved. */
export interface ImageTools {
  readonly registryServers: RegistryServers;
  readonly transfer: Transfer;
  readonly layerViews: LayerViews;
  /** What of it a collection must leave. */
  readonly holder: Holder;
}

export function createImageTools(needs: ImageToolsNeeds): ImageTools {
  const { announce, log } = needs;
  // An image that was pushed to this engine has arrived as one that was loaded.
  const pushed = (image: { readonly id: Digest }, name: string) =>
    announce({ type: "image", action: "load", id: image.id, attributes: { name } });
  const registryServers = new RegistryServers({ ...needs, pushed }, log);
  return {
    registryServers,
    transfer: createTransfer({ ...needs, engine: engineEnd({ ...needs, registryServers }) }),
    layerViews: createLayerViews(needs),
    holder: { roots: () => ({ chainIDs: new Set(), digests: registryServers.roots() }) },
  };
}
