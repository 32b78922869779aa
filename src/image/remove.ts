import { type Digest, EngineError, shortID } from "../base/index.ts";
import { chainIDs, familiarName, parseReference, repositoryOf } from "../oci/index.ts";
import type { ChainID } from "../snapshot/index.ts";
import type { Collaborators } from "./collaborators.ts";
import { requireImage } from "./find.ts";
import type { ImageRecords } from "./image-records.ts";
import { writeIndex } from "./index-file.ts";
import type { Image, Removed } from "./types.ts";

export interface ImageUser {
  readonly id: string;
  readonly running: boolean;
}

export interface RemoveOptions {
  readonly force: boolean;
  readonly usedBy: (id: Digest) => readonly ImageUser[];
}

/** See `ImageService.remove`. The rules and words are those of Docker's engine. */
export async function removeImage(
  needs: Pick<Collaborators, "records" | "content">,
  reference: string,
  options: RemoveOptions,
): Promise<readonly Removed[]> {
  const { image, name } = requireImage(needs.records, reference);
  const removed =
    name === undefined
      ? removeByID(needs.records, image, options)
      : removeByName(needs.records, { image, name, reference }, options);
  await writeIndex(needs);
  return removed;
}

/** Takes one name away; the last one takes the image along, unless a container uses it. */
function removeByName(
  records: ImageRecords,
  what: { image: Image; name: string; reference: string },
  { force, usedBy }: RemoveOptions,
): readonly Removed[] {
  const { image, name, reference } = what;
  const users = usedBy(image.id);
  const [user] = users;
  const others = otherNames(image, name);
  const isLast = others.length === 0;
  if (user && isLast && !force) {
    const text = `conflict: unable to remove repository reference "${reference}" (must force) - container ${shortID(user.id)} is using its referenced image ${shortID(image.id)}`;
    throw new EngineError("conflict", text, { subject: image.id });
  }
  const gone = [...image.references, ...image.digests].filter((one) => !others.includes(one));
  const untagged = gone.map((one) => ({ untagged: familiarName(one) }));
  if (!isLast || users.some(({ running }) => running)) {
    records.unname(gone);
    return untagged;
  }
  records.remove(image.id);
  return [...untagged, { deleted: image.id }];
}

/** What is left when `name` goes. The digests of a repository go along with its last tag. */
function otherNames(image: Image, name: string): readonly string[] {
  const tags = image.references.filter((one) => one !== name);
  const repository = repositoryOf(parseReference(name));
  const isIn = (one: string): boolean => repositoryOf(parseReference(one)) === repository;
  const lostTag = image.references.includes(name) && !tags.some(isIn);
  return [...tags, ...image.digests.filter((one) => one !== name && !(lostTag && isIn(one)))];
}

function removeByID(
  records: ImageRecords,
  image: Image,
  { force, usedBy }: RemoveOptions,
): readonly Removed[] {
  const users = usedBy(image.id);
  const running = users.find((user) => user.running);
  if (running) {
    throw unable(
      image,
      "cannot be forced",
      `image is being used by running container ${shortID(running.id)}`,
    );
  }
  if (!force && image.references.length > 1) {
    throw unable(image, "must be forced", "image is referenced in multiple repositories");
  }
  const [stopped] = users;
  if (!force && stopped) {
    throw unable(image, "must be forced", `image is being used by stopped container ${shortID(stopped.id)}`);
  }
  return deleteImage(records, image);
}

/** Removes the image and all its names. */
function deleteImage(records: ImageRecords, image: Image): readonly Removed[] {
  records.remove(image.id);
  const names = [...image.references, ...image.digests];
  return [...names.map((name) => ({ untagged: familiarName(name) })), { deleted: image.id }];
}

function unable(image: Image, forced: string, why: string): EngineError {
  return new EngineError("conflict", `conflict: unable to delete ${shortID(image.id)} (${forced}) - ${why}`, {
    subject: image.id,
  });
}

/** See `ImageService.evict`. */
export async function evictImage(
  needs: Pick<Collaborators, "records" | "content">,
  id: Digest,
  usedBy: (id: Digest) => readonly ImageUser[],
): Promise<boolean> {
  const image = needs.records.find(id);
  if (!image || usedBy(id).length > 0) return false;
  deleteImage(needs.records, image);
  await writeIndex(needs);
  return true;
}

/** See `ImageService.prune`. The bytes are those of layers that no image has any more. */
export async function pruneImages(
  needs: Pick<Collaborators, "records" | "content">,
  options: { readonly all: boolean; readonly used: ReadonlySet<Digest> },
): Promise<{ removed: readonly Removed[]; bytes: number }> {
  const images = needs.records.list();
  const doomed = images.filter(
    (image) => !options.used.has(image.id) && (options.all || image.references.length === 0),
  );
  const removed = doomed.flatMap((image) => deleteImage(needs.records, image));
  if (doomed.length > 0) await writeIndex(needs);
  const kept = new Set(
    images
      .filter((image) => !doomed.includes(image))
      .flatMap((image) => chainIDs(image.config.rootfs.diff_ids)),
  );
  const freed = new Map<ChainID, number>();
  for (const image of doomed) {
    for (const [index, chain] of chainIDs(image.config.rootfs.diff_ids).entries()) {
      if (!kept.has(chain)) freed.set(chain, image.layerSizes[index] ?? 0);
    }
  }
  return { removed, bytes: [...freed.values()].reduce((sum, size) => sum + size, 0) };
}
