import { EngineError, isKind, newID } from "../base/index.ts";
import type { Image } from "../image/index.ts";
import type { ImageConfig, ImageRunConfig } from "../oci/index.ts";
import { removeMountStubs } from "../snapshot/index.ts";
import { lookBelow, ownMountPoints } from "./changes.ts";
import type { Collaborators } from "./collaborators.ts";
import { commandLine } from "./config.ts";
import { announceContainer } from "./facts.ts";
import type { ContainerRecord } from "./types.ts";

type Needs = Pick<Collaborators, "store" | "images" | "snapshots" | "layers" | "announce" | "step">;

export interface CommitRequest {
  /** Empty: the image gets no name. */
  readonly reference: string;
  readonly comment: string;
  readonly author: string;
  /** Freeze the container while its files are read. */
  readonly pause: boolean;
  /** How the new image is to be run. */
  readonly config: (from: ImageRunConfig) => ImageRunConfig;
}

/** Makes an image of a container's image and what the container changed. */
export async function commitContainer(
  needs: Needs,
  reference: string,
  request: CommitRequest,
): Promise<Image> {
  const { id } = needs.store.get(reference);
  return await needs.store.locks.run(id, async () => {
    const record = needs.store.get(id);
    const parent = needs.images.get(record.image);
    const config = request.config(runConfigOf(record));
    const { layer } = await changedLayer(needs, record, request.pause);
    const layers = parent.manifest.layers.map((descriptor, at) => {
      const diffID = parent.config.rootfs.diff_ids[at];
      if (!diffID)
        throw new EngineError("internal", "Cannot commit: the image lacks a diffID", { subject: id });
      return { descriptor, diffID };
    });
    const image = await needs.images.put(
      imageConfig(
        parent.config,
        record,
        config,
        [...layers, layer].map(({ diffID }) => diffID),
        request,
      ),
      [...layers, layer],
      request.reference ? [request.reference] : [],
    );
    announceContainer(needs.announce, record, "commit", {
      comment: request.comment,
      imageID: image.id,
      imageRef: request.reference,
    });
    return image;
  });
}

/** The container's changes as a layer of their own; its writable layer stays as it is. */
async function changedLayer(needs: Needs, record: ContainerRecord, pause: boolean) {
  const key = newID();
  const mounts = await needs.snapshots.prepare(key, record.chainID);
  const task = pause && record.state.phase === "running" ? needs.store.live(record.id).task : undefined;
  try {
    await task?.pause().catch((error: unknown) => {
      // It has ended just now, which is as good.
      if (!isKind(error, "conflict")) throw error;
    });
    needs.step("commit:paused");
    try {
      await needs.layers.apply(needs.layers.diff(await needs.snapshots.upperDirectory(record.id)), mounts);
    } finally {
      await task?.resume();
    }
    needs.step("commit:copied");
    const points = [...ownMountPoints, ...record.mounts.map((mount) => mount.destination)];
    const upper = await needs.snapshots.upperDirectory(key);
    await removeMountStubs(upper, points, { before: lookBelow(mounts) });
    return await needs.images.commitLayer(key, record.chainID);
  } catch (error) {
    await needs.snapshots.remove(key);
    throw error;
  }
}

function imageConfig(
  parent: ImageConfig,
  record: ContainerRecord,
  config: ImageRunConfig,
  diffIDs: ImageConfig["rootfs"]["diff_ids"],
  request: CommitRequest,
): ImageConfig {
  const created = new Date().toISOString();
  return {
    ...parent,
    created,
    ...(request.author ? { author: request.author } : {}),
    config,
    rootfs: { type: "layers", diff_ids: diffIDs },
    history: [
      ...(parent.history ?? []),
      {
        created,
        created_by: commandLine(record.config).join(" "),
        ...(request.author ? { author: request.author } : {}),
        ...(request.comment ? { comment: request.comment } : {}),
      },
    ],
  };
}

/** What of a container's config belongs into an image. */
function runConfigOf(record: ContainerRecord): ImageRunConfig {
  const { config } = record;
  return {
    ...(config.User ? { User: config.User } : {}),
    ...(config.ExposedPorts ? { ExposedPorts: config.ExposedPorts } : {}),
    ...(config.Env ? { Env: config.Env } : {}),
    ...(config.Entrypoint ? { Entrypoint: config.Entrypoint } : {}),
    ...(config.Cmd ? { Cmd: config.Cmd } : {}),
    ...(config.Volumes ? { Volumes: config.Volumes } : {}),
    ...(config.WorkingDir ? { WorkingDir: config.WorkingDir } : {}),
    ...(config.Labels ? { Labels: config.Labels } : {}),
    ...(config.StopSignal ? { StopSignal: config.StopSignal } : {}),
    ...(config.Healthcheck
      ? { Healthcheck: { ...config.Healthcheck, Test: config.Healthcheck.Test ?? [] } }
      : {}),
    ...(config.Shell ? { Shell: config.Shell } : {}),
    ...(config.OnBuild ? { OnBuild: config.OnBuild } : {}),
  };
}
