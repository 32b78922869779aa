import type { Digest } from "../base/index.ts";
import { mediaTypes, parseManifestOrIndex } from "../oci/index.ts";
import { RegistryFault } from "./fault.ts";
import { findOffered, namesIn } from "./offer.ts";
import type { PushedIndexes } from "./pushed-indexes.ts";
import { parseRange } from "./range.ts";
import { keptWhilePushed, keptWhileServed, type RegistryServerNeeds } from "./types.ts";

/** No manifest is larger: what clients and other registries take. */
export const manifestLimit = 4 * 1024 ** 2;

export interface ReadNeeds extends RegistryServerNeeds {
  readonly indexes: PushedIndexes;
}

/** One request for something that is stored. */
export interface ReadRequest {
  readonly name: string;
  readonly isHead: boolean;
  readonly headers: Headers;
}

/** Answers with a manifest or index by tag or digest; what it refers to is kept until the client has had time to ask. */
export async function readManifest(
  needs: ReadNeeds,
  reference: string,
  request: ReadRequest,
): Promise<Response> {
  const digest = reference.startsWith("sha256:")
    ? parsedDigest(needs, reference, request.name)
    : await digestOfTag(needs, reference, request);
  const found = await needs.content.find(digest);
  if (!found || found.size > manifestLimit) throw unknownManifest(request.name, reference);
  const bytes = await needs.content.read(digest, manifestLimit);
  const { mediaType, refers } = describe(bytes, request.name, reference);
  for (const one of [digest, ...refers]) needs.images.keep(one, keptWhileServed);
  const headers = {
    "Content-Type": mediaType,
    "Content-Length": String(bytes.length),
    "Docker-Content-Digest": digest,
    ETag: `"${digest}"`,
  };
  if (isUnchanged(request.headers, digest)) return new Response(null, { status: 304, headers });
  return new Response(request.isHead ? null : bytes, { headers });
}

/** Answers with a blob or a part of it, straight from its file. */
export async function readBlob(needs: ReadNeeds, digest: Digest, request: ReadRequest): Promise<Response> {
  const found = await findAndKeep(needs, digest, request.isHead ? keptWhilePushed : keptWhileServed);
  if (!found) throw new RegistryFault("BLOB_UNKNOWN", "blob unknown to registry", { detail: { digest } });
  const headers = {
    "Content-Type": "application/octet-stream",
    "Docker-Content-Digest": digest,
    ETag: `"${digest}"`,
    "Accept-Ranges": "bytes",
    "Cache-Control": "max-age=31536000",
    "Content-Disposition": "attachment",
  };
  if (isUnchanged(request.headers, digest)) return new Response(null, { status: 304, headers });
  if (request.isHead) {
    return new Response(null, { headers: { ...headers, "Content-Length": String(found.size) } });
  }
  const file = Bun.file(await needs.content.path(digest));
  const range = parseRange(request.headers.get("range"), found.size);
  if (!range) return new Response(file, { headers });
  const { start, end } = range;
  return new Response(file.slice(start, end), {
    status: 206,
    headers: { ...headers, "Content-Range": `bytes ${start}-${end - 1}/${found.size}` },
  });
}

/**
 * Looks a blob up and keeps it: who asked may rely on it for a while. It is looked up again after that, as it may
 * have been collected in between; what is not there at all is not remembered.
 */
export async function findAndKeep(
  { content, images }: Pick<RegistryServerNeeds, "content" | "images">,
  digest: Digest,
  milliseconds: number,
): Promise<{ readonly size: number } | undefined> {
  if (!(await content.find(digest))) return undefined;
  images.keep(digest, milliseconds);
  return await content.find(digest);
}

/** Full names of all images. */
export function allNames({ images }: Pick<RegistryServerNeeds, "images">): readonly string[] {
  return images.list().flatMap(({ references }) => references);
}

function parsedDigest(needs: ReadNeeds, text: string, name: string): Digest {
  const known = [
    ...needs.images.list().map(({ manifestDigest }) => manifestDigest),
    ...needs.indexes.manifests(),
  ];
  const digest = known.find((one) => one === text);
  if (digest === undefined) throw unknownManifest(name, text);
  return digest;
}

/** The index that was pushed under this tag, where the client takes one; else the image's own manifest. */
async function digestOfTag(needs: ReadNeeds, tag: string, request: ReadRequest): Promise<Digest> {
  const names = allNames(needs);
  const fullName = findOffered(names, { repository: request.name, tag });
  const image = fullName === undefined ? undefined : needs.images.find(fullName);
  if (fullName === undefined || !image) {
    if (namesIn(names, request.name).length > 0) throw unknownManifest(request.name, tag);
    throw new RegistryFault("NAME_UNKNOWN", "repository name not known to registry", {
      detail: { name: request.name },
    });
  }
  const index = needs.indexes.find(fullName, image.id);
  return index && takesIndex(request.headers) ? index.digest : image.manifestDigest;
}

function takesIndex(headers: Headers): boolean {
  const accept = headers.get("accept");
  if (accept === null || accept.includes("*/*")) return true;
  return accept.includes(mediaTypes.ociIndex) || accept.includes(mediaTypes.dockerIndex);
}

function describe(
  bytes: Uint8Array,
  name: string,
  reference: string,
): { readonly mediaType: string; readonly refers: readonly Digest[] } {
  try {
    const parsed = parseManifestOrIndex(bytes);
    if (parsed.kind === "index") {
      const { mediaType, manifests } = parsed.index;
      return { mediaType, refers: manifests.map(({ digest }) => digest) };
    }
    const { mediaType, config, layers } = parsed.manifest;
    return { mediaType, refers: [config, ...layers].map(({ digest }) => digest) };
  } catch {
    throw unknownManifest(name, reference);
  }
}

function isUnchanged(headers: Headers, digest: Digest): boolean {
  return headers.get("if-none-match")?.replaceAll('"', "") === digest;
}

function unknownManifest(name: string, reference: string): RegistryFault {
  return new RegistryFault("MANIFEST_UNKNOWN", "manifest unknown", { detail: { name, reference } });
}
