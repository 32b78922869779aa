import type { Image } from "../../image/index.ts";
import {
  chainIDs,
  familiarName,
  familiarRepository,
  type HistoryEntry,
  type ImageRunConfig,
  parseReference,
} from "../../oci/index.ts";
import type {
  ContainerConfig,
  ImageHistoryItem,
  ImageInspect,
  ImageManifest,
  ImageSummary,
  Descriptor as WireDescriptor,
} from "../../wire/index.ts";
import { never } from "./time.ts";

export interface SummaryOptions {
  /** IDs of the containers that use it. */
  readonly containers: readonly string[];
  /** All images, to count shared layers; without them there is no such count. */
  readonly all?: readonly Image[] | undefined;
  /** Tell of its manifest, too. */
  readonly manifests?: boolean;
}

/** A row of `GET /images/json`. */
export function imageSummary(image: Image, { containers, all, manifests }: SummaryOptions): ImageSummary {
  return {
    Id: image.id,
    ParentId: "",
    RepoTags: image.references.map(familiarName),
    RepoDigests: repoDigests(image),
    Descriptor: descriptorOf(image),
    ...(manifests ? { Manifests: [manifestSummary(image, containers)] } : {}),
    Created: Math.floor(Date.parse(image.config.created ?? never) / 1000),
    Size: image.size,
    SharedSize: all ? sharedSize(image, all) : -1,
    Labels: image.config.config?.Labels ? { ...image.config.config.Labels } : null,
    Containers: containers.length,
  };
}

/** `GET /images/{name}/json`; with `manifests`, of its manifest, too. */
export function imageInspect(
  image: Image,
  manifests?: { readonly containers: readonly string[] },
): ImageInspect {
  const { config } = image;
  return {
    Id: image.id,
    RepoTags: image.references.map(familiarName),
    RepoDigests: repoDigests(image),
    Descriptor: descriptorOf(image),
    ...(manifests ? { Manifests: [manifestSummary(image, manifests.containers)] } : {}),
    Parent: "",
    DockerVersion: "",
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
    Metadata: { LastTagTime: image.tagged === undefined ? never : new Date(image.tagged).toISOString() },
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

function descriptorOf({ manifest, manifestDigest, manifestSize }: Image): WireDescriptor {
  return { mediaType: manifest.mediaType, digest: manifestDigest, size: manifestSize };
}

/** The one manifest that an image is kept by. */
function manifestSummary(image: Image, containers: readonly string[]): ImageManifest {
  const { manifest, config } = image;
  const content = [manifest.config, ...manifest.layers].reduce(
    (sum, { size }) => sum + size,
    image.manifestSize,
  );
  const { os, architecture, variant } = config;
  return {
    ID: image.manifestDigest,
    Descriptor: descriptorOf(image),
    Available: true,
    Size: { Content: content, Total: content + image.size },
    Kind: "image",
    ImageData: {
      Platform: { architecture, os, ...(variant === undefined ? {} : { variant }) },
      Containers: [...containers],
      Size: { Unpacked: image.size },
    },
  };
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

/** Bytes of the layers that at least one other image has too: on the same layers below, or they are not the same. */
function sharedSize(image: Image, all: readonly Image[]): number {
  const others = new Set(
    all.filter((other) => other.id !== image.id).flatMap((other) => chainIDs(other.config.rootfs.diff_ids)),
  );
  return chainIDs(image.config.rootfs.diff_ids).reduce(
    (sum, chain, at) => sum + (others.has(chain) ? (image.layerSizes[at] ?? 0) : 0),
    0,
  );
}
