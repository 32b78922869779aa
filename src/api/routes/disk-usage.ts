import { EngineError } from "../../base/index.ts";
import type { Budget } from "../../budget/index.ts";
import type { Builder } from "../../build/index.ts";
import type { ContainerStore } from "../../container/index.ts";
import { volumeUsers } from "../../container/index.ts";
import type { Image, ImageService } from "../../image/index.ts";
import type { NetworkService } from "../../network/index.ts";
import { chainIDs } from "../../oci/index.ts";
import type { Snapshotter } from "../../snapshot/index.ts";
import type { VolumeService } from "../../volume/index.ts";
import type { DiskUsageResponse } from "../../wire/index.ts";
import { type Call, json, type Reply } from "../call.ts";
import { adaptImage } from "../image-versions.ts";
import { type Route, route } from "../routes.ts";
import { containerSummary } from "../shapes/container-summary.ts";
import { imageSummary } from "../shapes/image.ts";
import { volumeShape } from "./volumes.ts";

interface Needs {
  readonly store: Pick<ContainerStore, "list" | "health">;
  readonly images: Pick<ImageService, "list">;
  readonly network: Pick<NetworkService, "findSandbox" | "get">;
  readonly snapshots: Pick<Snapshotter, "usage">;
  readonly volumes: VolumeService;
  readonly budget: Pick<Budget, "use">;
  readonly builder: Pick<Builder, "cached">;
}

/** What lies on disk, for `docker system df`. */
export function diskUsageRoutes(needs: Needs): Route[] {
  return [route("GET", "/system/df", (call) => diskUsage(needs, call))];
}

const objectTypes = ["container", "image", "volume", "build-cache"];

async function diskUsage(needs: Needs, call: Call): Promise<Reply> {
  const types = call.query.getAll("type");
  const unknown = types.find((type) => !objectTypes.includes(type));
  if (unknown !== undefined) {
    throw new EngineError("invalid", `unknown object type: ${unknown}`, { subject: unknown });
  }
  const wants = (type: string): boolean => types.length === 0 || types.includes(type);
  const images = needs.images.list();
  const [containers, volumes, cache] = await Promise.all([
    wants("container") ? containerRows(needs, images) : null,
    wants("volume") ? volumeRows(needs) : null,
    wants("build-cache") ? cacheRows(needs, images) : null,
  ]);
  return json({
    LayersSize: wants("image") ? layersSize(images) : 0,
    Images: wants("image") ? imageRows(needs, images, call.version) : null,
    Containers: containers,
    Volumes: volumes,
    BuildCache: cache,
    BuilderSize: (cache ?? []).reduce((sum, { Size, Shared }) => sum + (Shared ? 0 : Size), 0),
    DiskBudget: await diskBudget(needs, wants),
  });
}

/** How much of the disk budget is spent; an engine without one has nothing to say. */
async function diskBudget(
  { budget }: Needs,
  wants: (type: string) => boolean,
): Promise<DiskUsageResponse["DiskBudget"]> {
  if (!wants("image") && !wants("build-cache")) return undefined;
  const { limit, used } = await budget.use();
  return limit === undefined ? undefined : { Limit: limit, Used: used };
}

/** Bytes of all layers, each counted once; the same changes on other layers below are kept a second time. */
function layersSize(images: readonly Image[]): number {
  const sizes = new Map(
    images.flatMap((image) =>
      chainIDs(image.config.rootfs.diff_ids).map((chain, at) => [chain, image.layerSizes[at] ?? 0] as const),
    ),
  );
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

function imageRows(needs: Needs, images: readonly Image[], version: number) {
  const records = needs.store.list();
  return images.map((image) => {
    const containers = records.filter((record) => record.image === image.id).map(({ id }) => id);
    return adaptImage(imageSummary(image, { containers, all: images }), version);
  });
}

async function containerRows(needs: Needs, images: readonly Image[]) {
  const now = Date.now();
  const rows = needs.store.list().map(async (record) => {
    const { bytes } = await needs.snapshots.usage(record.id).catch(() => ({ bytes: 0 }));
    const size = images.find((image) => image.id === record.image)?.size ?? 0;
    const health = needs.store.health(record.id);
    return {
      ...containerSummary(record, { health, network: needs.network, now, imageNameHolds: true }),
      SizeRw: bytes,
      SizeRootFs: bytes + size,
    };
  });
  return await Promise.all(rows);
}

/** What steps of builds have made. A layer that an image has too costs nothing beside it. */
async function cacheRows(needs: Needs, images: readonly Image[]) {
  const ofImages = new Set(images.flatMap((image) => chainIDs(image.config.rootfs.diff_ids)));
  const rows = needs.builder.cached().map(async ({ key, chainID, created, lastUsed }) => {
    const shared = ofImages.has(chainID);
    const { bytes } = await needs.snapshots.usage(chainID).catch(() => ({ bytes: 0 }));
    return {
      ...{ ID: key, Type: "regular", InUse: shared, Shared: shared, Size: bytes },
      ...{ CreatedAt: new Date(created).toISOString(), LastUsedAt: new Date(lastUsed).toISOString() },
      // Nobody counts the uses.
      UsageCount: 1,
    };
  });
  return await Promise.all(rows);
}

async function volumeRows(needs: Needs) {
  const records = needs.store.list();
  const rows = needs.volumes.list().map(async (volume) => ({
    ...volumeShape(needs.volumes, volume),
    UsageData: {
      Size: await needs.volumes.usage(volume.name),
      RefCount: volumeUsers(records, volume.name).length,
    },
  }));
  return await Promise.all(rows);
}
