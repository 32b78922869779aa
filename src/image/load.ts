import { type Digest, shortID } from "../base/index.ts";
import { type Descriptor, familiarName, type Platform } from "../oci/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { discardFresh } from "./discard.ts";
import { readArchive } from "./load-archive.ts";
import { type LoadPlan, planLoad } from "./load-plan.ts";
import { recordImage } from "./record-image.ts";
import type { ImageLease, ImageReport } from "./types.ts";
import { unpack } from "./unpack.ts";

/** See `ImageService.load`. */
export async function loadImages(
  needs: Collaborators,
  archive: AsyncIterable<Uint8Array>,
  options: {
    readonly report: ImageReport;
    readonly signal?: AbortSignal | undefined;
    readonly platform?: Platform;
  },
): Promise<readonly string[]> {
  const { signal } = options;
  using lease = needs.leases.open();
  try {
    const plain = needs.layers.decompress(archive, signal ? { signal } : {});
    const members = await readArchive(plain, { content: needs.content, lease, signal });
    const plans = await planLoad(members, needs.content, options.platform);
    for (const { manifestDescriptor } of plans) lease.protect(manifestDescriptor.digest);
    const lines: string[] = [];
    for (const plan of plans) lines.push(...(await loadOne(needs, plan, { ...options, lease })));
    return lines;
  } finally {
    // After a success this takes what was in the archive but in no image: other platforms, repeated layers.
    await discardFresh(needs, lease);
  }
}

async function loadOne(
  needs: Collaborators,
  plan: LoadPlan,
  options: {
    readonly report: ImageReport;
    readonly signal?: AbortSignal | undefined;
    readonly lease: ImageLease;
  },
): Promise<readonly string[]> {
  const { report, signal, lease } = options;
  const tell = (status: string, current: (layer: Descriptor) => number) => (layer: Descriptor) =>
    report({ id: shortID(layer.digest), status, current: current(layer), total: layer.size });
  const sizes = await unpack(
    needs,
    { layers: plan.manifest.layers, diffIDs: plan.config.rootfs.diff_ids },
    {
      lease,
      signal,
      begins: tell("Loading layer", () => 0),
      ends: tell("Loading layer", (layer) => layer.size),
    },
  );
  const image = await recordImage(needs, { ...plan, sizes });
  return linesOf(image.id, plan.names);
}

function linesOf(id: Digest, names: readonly string[]): readonly string[] {
  if (names.length === 0) return [`Loaded image ID: ${id}`];
  return names.map((name) => `Loaded image: ${familiarName(name)}`);
}
