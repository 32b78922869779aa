import type { Digest } from "../base/index.ts";
import { hexOf } from "../base/index.ts";
import {
  familiarName,
  familiarRepository,
  type Index,
  mediaTypes,
  parseReference,
  repositoryOf,
} from "../oci/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { findImage, requireImage } from "./find.ts";
import type { ImageRecords } from "./image-records.ts";
import { indexEntries } from "./index-file.ts";
import { tarEnd, tarHeader, tarPadding } from "./tar-writer.ts";
import type { Image } from "./types.ts";

interface Selected {
  readonly image: Image;
  /** The names under which it is saved. */
  readonly names: readonly string[];
  readonly manifestSize: number;
}

/** See `ImageService.save`. */
export function saveImages(needs: Collaborators, references: readonly string[]): AsyncIterable<Uint8Array> {
  return writeArchive(needs, select(needs.records, references));
}

async function* writeArchive(needs: Collaborators, selected: readonly Selected[]): AsyncIterable<Uint8Array> {
  using lease = needs.leases.open();
  const blobs = new Map<Digest, number>();
  for (const { image, manifestSize } of selected) {
    const { config, layers } = image.manifest;
    blobs.set(image.manifestDigest, manifestSize);
    for (const { digest, size } of [config, ...layers]) blobs.set(digest, size);
  }
  for (const digest of blobs.keys()) lease.protect(digest);
  yield* directory("blobs/");
  yield* directory("blobs/sha256/");
  for (const [digest, size] of blobs) {
    yield tarHeader(pathOf(digest), size);
    yield* needs.content.open(digest);
    yield tarPadding(size);
  }
  yield* file("index.json", indexOf(selected));
  yield* file("manifest.json", selected.map(manifestEntry));
  yield* file("oci-layout", { imageLayoutVersion: "1.0.0" });
  yield* file("repositories", repositoriesOf(selected));
  yield tarEnd();
}

/** Each image once, with all the names asked for. */
function select(records: ImageRecords, references: readonly string[]): readonly Selected[] {
  const names = new Map<Digest, Set<string>>();
  const images = new Map<Digest, Image>();
  const add = (image: Image, more: readonly string[]): void => {
    images.set(image.id, image);
    names.set(image.id, new Set([...(names.get(image.id) ?? []), ...more]));
  };
  for (const reference of references) {
    const tags = tagsOf(records, reference);
    if (tags.length === 0) {
      const { image, name } = requireImage(records, reference);
      add(image, name === undefined ? [] : [name]);
    }
    for (const tag of tags) {
      const match = findImage(records, tag);
      if (match) add(match.image, [tag]);
    }
  }
  return [...images.values()].map((image) => ({
    image,
    names: [...(names.get(image.id) ?? [])],
    manifestSize: records.manifestSize(image.id),
  }));
}

/** All names of a repository, when that is what the text says. */
function tagsOf(records: ImageRecords, text: string): readonly string[] {
  let repository: string;
  try {
    const { tag, digest, ...rest } = parseReference(text);
    if (tag !== undefined || digest !== undefined) return [];
    repository = repositoryOf(rest);
  } catch {
    return [];
  }
  return records
    .names()
    .flatMap(([name]) => (repositoryOf(parseReference(name)) === repository ? [name] : []));
}

function indexOf(selected: readonly Selected[]): Index {
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: selected.flatMap(({ image, names, manifestSize }) => indexEntries(image, names, manifestSize)),
  };
}

function manifestEntry({ image, names }: Selected): object {
  const { layers, config } = image.manifest;
  return {
    Config: pathOf(config.digest),
    RepoTags: names.length > 0 ? names.map(familiarName) : null,
    Layers: layers.map(({ digest }) => pathOf(digest)),
    LayerSources: Object.fromEntries(
      layers.map((layer, index) => [image.config.rootfs.diff_ids[index] ?? layer.digest, layer]),
    ),
  };
}

/** The oldest form: repository → tag → topmost layer. */
function repositoriesOf(selected: readonly Selected[]): Record<string, Record<string, string>> {
  const repositories: Record<string, Record<string, string>> = {};
  for (const { image, names } of selected) {
    for (const name of names) {
      const reference = parseReference(name);
      const repository = familiarRepository(reference);
      repositories[repository] = {
        ...repositories[repository],
        [reference.tag ?? "latest"]: hexOf(image.manifest.layers.at(-1)?.digest ?? image.id),
      };
    }
  }
  return repositories;
}

function* directory(name: string): Iterable<Uint8Array> {
  yield tarHeader(name, 0);
}

function* file(name: string, value: object): Iterable<Uint8Array> {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  yield tarHeader(name, bytes.length);
  yield bytes;
  yield tarPadding(bytes.length);
}

function pathOf(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}
