import type { Image } from "../../image/index.ts";
import {
  familiarName,
  familiarRepository,
  type HistoryEntry,
  type ImageRunConfig,
  parseReference,
} from "../../oci/index.ts";
import type { ContainerConfig, ImageHistoryItem, ImageInspect, ImageSummary } from "../../wire/index.ts";
import { never } from "./time.ts";

/** A row of `GET /images/json`. With `all`, shared layers are counted. */
export function imageSummary(
  image: Image,
  containers: number,
  all: readonly Image[] | undefined,
): ImageSummary {
  return {
    Id: image.id,
    ParentId: "",
    RepoTags: image.references.map(familiarName),
    RepoDigests: repoDigests(image),
    Created: Math.floor(Date.parse(image.config.created ?? never) / 1000),
    Size: image.size,
    SharedSize: all ? sharedSize(image, all) : -1,
    Labels: image.config.config?.Labels ? { ...image.config.config.Labels } : null,
    Containers: containers,
  };
}

/** `GET /images/{name}/json`. */
export function imageInspect(image: Image): ImageInspect {
  const { config } = image;
  return {
    Id: image.id,
    RepoTags: image.references.map(familiarName),
    RepoDigests: repoDigests(image),
    Parent: "",
    Comment: config.history?.at(-1)?.comment ?? "",
    Created: config.created ?? never,
    Author: config.author ?? "",
    Config: configShape(config.config ?? {}),
    Architecture: config.architecture,
    Os: config.os,
    ...(config.variant ? { Variant: config.variant } : {}),
    Size: image.size,
    GraphDriver: { Name: "overlay2", Data: null },
    RootFS: { Type: "layers", Layers: [...config.rootfs.diff_ids] },
    Metadata: { LastTagTime: never },
  };
}

/** `GET /images/{name}/history`, newest first. Layer sizes go to the entries that made a layer. */
export function imageHistory(image: Image): ImageHistoryItem[] {
  const history: readonly HistoryEntry[] =
    image.config.history ?? image.config.rootfs.diff_ids.map(() => ({}));
  let layer = 0;
  const rows = history.map((entry): ImageHistoryItem => {
    const size = entry.empty_layer ? 0 : (image.layerSizes[layer++] ?? 0);
    return {
      Id: "<missing>",
      Created: Math.floor(Date.parse(entry.created ?? image.config.created ?? never) / 1000),
      CreatedBy: entry.created_by ?? "",
      Tags: null,
      Size: size,
      Comment: entry.comment ?? "",
    };
  });
  const newest = rows.at(-1);
  if (newest) {
    newest.Id = image.id;
    newest.Tags = image.references.length > 0 ? image.references.map(familiarName) : null;
  }
  return rows.reverse();
}

/** A run config with lists that may be changed, as the wire has them. */
function configShape(config: ImageRunConfig): ContainerConfig {
  const { ExposedPorts, Volumes, Labels, Healthcheck, OnBuild, Shell, ...rest } = config;
  return {
    ...rest,
    User: config.User ?? "",
    Env: config.Env ? [...config.Env] : null,
    Cmd: config.Cmd ? [...config.Cmd] : null,
    Entrypoint: config.Entrypoint ? [...config.Entrypoint] : null,
    WorkingDir: config.WorkingDir ?? "",
    Labels: Labels ? { ...Labels } : null,
    Volumes: Volumes ? { ...Volumes } : null,
    OnBuild: OnBuild ? [...OnBuild] : null,
    ...(ExposedPorts ? { ExposedPorts: { ...ExposedPorts } } : {}),
    ...(Shell ? { Shell: [...Shell] } : {}),
    ...(Healthcheck ? { Healthcheck: { ...Healthcheck, Test: [...(Healthcheck.Test ?? [])] } } : {}),
  };
}

function repoDigests(image: Image): string[] {
  const known = image.digests.map(familiarName);
  const repositoriesOf = (texts: readonly string[]) =>
    texts.map((text) => familiarRepository(parseReference(text)));
  const told = new Set(repositoriesOf(image.digests));
  const others = new Set(repositoriesOf(image.references).filter((name) => !told.has(name)));
  return [...known, ...[...others].map((name) => `${name}@${image.manifestDigest}`)];
}

/** Bytes of the layers that at least one other image has too. */
function sharedSize(image: Image, all: readonly Image[]): number {
  const others = new Set(
    all.filter((other) => other.id !== image.id).flatMap((other) => other.config.rootfs.diff_ids),
  );
  return image.config.rootfs.diff_ids.reduce(
    (sum, diffID, at) => sum + (others.has(diffID) ? (image.layerSizes[at] ?? 0) : 0),
    0,
  );
}
