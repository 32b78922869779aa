import { type Digest, EngineError, isDigest } from "../base/index.ts";
import {
  familiarName,
  formatReference,
  parseAnyReference,
  parseReference,
  type Reference,
  repositoryOf,
  withDefaultTag,
} from "../oci/index.ts";
import type { ImageRecords } from "./image-records.ts";
import type { Image } from "./types.ts";

/** How a text found its image: by one of its names, or by ID. */
export interface Match {
  readonly image: Image;
  /** The full name that matched; undefined when it was an ID, a part of one, or a digest. */
  readonly name: string | undefined;
}

/**
 * Finds the image of `name[:tag]`, `name@digest`, an ID or a unique part from the start of one; names come first.
 * Throws `invalid` when several IDs begin so.
 */
export function findImage(records: ImageRecords, text: string): Match | undefined {
  const reference = tryParse(text);
  if (reference === undefined) return findPrefix(records, text);
  if (typeof reference === "string") return findDigest(records, reference);
  const name = nameOf(reference);
  const id = records.idOf(name);
  const image = id === undefined ? undefined : records.find(id);
  if (image) return { image, name };
  if (reference.digest !== undefined) return findByRepositoryDigest(records, reference, reference.digest);
  return findPrefix(records, text);
}

/** Beside a digest a tag says nothing. */
function nameOf(reference: Reference): string {
  if (reference.digest === undefined) return formatReference(withDefaultTag(reference));
  return `${repositoryOf(reference)}@${reference.digest}`;
}

/** The same, but throws `not-found` in Docker's words. */
export function requireImage(records: ImageRecords, text: string): Match {
  const match = findImage(records, text);
  if (match) return match;
  throw new EngineError("not-found", `No such image: ${spelled(text)}`, { subject: text });
}

/** A parsed name, a digest, or undefined for what can only be the start of an ID. */
function tryParse(text: string): Reference | Digest | undefined {
  try {
    const any = parseAnyReference(text);
    return any.kind === "id" ? any.id : any.reference;
  } catch {
    return undefined;
  }
}

function findDigest(records: ImageRecords, digest: Digest): Match | undefined {
  const image = records.find(digest) ?? records.list().find((one) => one.manifestDigest === digest);
  return image ? { image, name: undefined } : undefined;
}

function findByRepositoryDigest(
  records: ImageRecords,
  reference: Reference,
  digest: Digest,
): Match | undefined {
  const repository = repositoryOf(reference);
  const image = records
    .list()
    .find(
      (one) =>
        one.manifestDigest === digest &&
        [...one.references, ...one.digests].some((name) => repositoryOf(parseReference(name)) === repository),
    );
  return image ? { image, name: undefined } : undefined;
}

function findPrefix(records: ImageRecords, text: string): Match | undefined {
  const prefix = text.startsWith("sha256:") ? text : `sha256:${text}`;
  if (!/^sha256:[0-9a-f]{1,64}$/.test(prefix)) return undefined;
  const images = records.list().filter((one) => one.id.startsWith(prefix));
  const [image, ...others] = images;
  if (others.length > 0) {
    throw new EngineError("invalid", `multiple IDs found with provided prefix: ${text}`, { subject: text });
  }
  return image ? { image, name: undefined } : undefined;
}

function spelled(text: string): string {
  if (isDigest(text) || /^[0-9a-f]{64}$/.test(text)) return text;
  try {
    return familiarName(withDefaultTag(parseReference(text)));
  } catch {
    return text;
  }
}
