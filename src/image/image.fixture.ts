import { mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Digest } from "../base/index.ts";
import { type ContentStore, openContentStore } from "../content/index.ts";
import { createLayerTools, type LayerTools } from "../layer/index.ts";
import { openRecords } from "../records/index.ts";
import { openOverlaySnapshotter, type Snapshotter } from "../snapshot/index.ts";
import { removeTree } from "../sys/index.ts";
import { createImageService, type ImageService } from "./index.ts";

/** An image store of its own for a test. */
export interface Store extends AsyncDisposable {
  readonly root: string;
  readonly content: ContentStore;
  readonly snapshots: Snapshotter;
  readonly layers: LayerTools;
  readonly images: ImageService;
  /** How often a layer was applied. */
  applied(): number;
  collect(): Promise<{ bytes: number }>;
  /** Blobs, committed and active snapshots that lie on the disk. */
  counts(): Promise<{ blobs: number; committed: number; active: number }>;
  /** The same store opened again, as a new engine does. */
  reopen(): Promise<Store>;
  /** Lets go of the files and leaves them. */
  close(): void;
}

const helper = join(import.meta.dir, "../../build/gantry-layer");

export async function openStore(
  existing?: string,
  openSnapshots: (directory: string) => Promise<Snapshotter> = openOverlaySnapshotter,
): Promise<Store> {
  const root = existing ?? (await mkdtemp(join(tmpdir(), "gantry-image-")));
  const content = await openContentStore(join(root, "content"));
  const snapshots = await openSnapshots(join(root, "snapshots"));
  await snapshots.sweep();
  const records = openRecords(join(root, "records.db"));
  const tools = createLayerTools({ helper });
  let applied = 0;
  const layers: LayerTools = {
    ...tools,
    async unpack(...args) {
      const unpacked = await tools.unpack(...args);
      if (unpacked !== "not-apart") applied += 1;
      return unpacked;
    },
    apply(...args) {
      applied += 1;
      return tools.apply(...args);
    },
  };
  const images = createImageService({ content, snapshots, layers, records });
  const count = async (...parts: string[]) => (await readdir(join(root, ...parts))).length;
  return {
    root,
    content,
    snapshots,
    layers,
    images,
    applied: () => applied,
    collect: () => images.collect({ chainIDs: new Set<Digest>(), digests: new Set<Digest>() }),
    counts: async () => ({
      blobs: await count("content", "blobs", "sha256"),
      committed: await count("snapshots", "committed"),
      active: await count("snapshots", "active"),
    }),
    async reopen() {
      records[Symbol.dispose]();
      return await openStore(root, openSnapshots);
    },
    close: () => records[Symbol.dispose](),
    async [Symbol.asyncDispose]() {
      await images.settled();
      records[Symbol.dispose]();
      await removeTree(root);
    },
  };
}

export async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return Buffer.concat(await Array.fromAsync(source));
}
