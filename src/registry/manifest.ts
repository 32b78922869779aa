import { type Digest, digestOf, isDigest } from "../base/index.ts";
import { type Descriptor, mediaTypes } from "../oci/index.ts";
import { readAll } from "./document.ts";
import { RegistryError } from "./error.ts";
import { manifestLimit } from "./limits.ts";
import { askedManifest, checkTagOrDigest } from "./names.ts";
import type { Scene } from "./scene.ts";
import type { Answer } from "./transport.ts";
import type { Cancel, FetchedManifest } from "./types.ts";

const accepted = [
  mediaTypes.ociIndex,
  mediaTypes.ociManifest,
  mediaTypes.dockerIndex,
  mediaTypes.dockerManifest,
  "application/json;q=0.5",
].join(", ");

/** A HEAD tells all in an answer without body; where it does not, the manifest itself does. */
export async function resolveManifest(
  scene: Scene,
  tagOrDigest: string,
  options: Cancel,
): Promise<Descriptor> {
  const { digest } = checkTagOrDigest(tagOrDigest);
  return scene.read(options, async (site) => {
    const answer = await scene.ask(site, {
      method: "HEAD",
      path: `manifests/${tagOrDigest}`,
      headers: { Accept: accepted },
      accept: Array.from({ length: 200 }, (_, at) => 400 + at),
      asked: askedManifest(scene.name, tagOrDigest),
      ...options,
    });
    await answer.discard();
    const told = answer.response.ok ? toldDescriptor(answer, digest) : undefined;
    return told ?? (await fetchFrom(scene, site, tagOrDigest, options)).descriptor;
  });
}

/** The bytes, checked against the digest that was asked for, or the one that the registry tells. */
export async function fetchManifest(
  scene: Scene,
  tagOrDigest: string,
  options: Cancel,
): Promise<FetchedManifest> {
  checkTagOrDigest(tagOrDigest);
  return scene.read(options, (site) => fetchFrom(scene, site, tagOrDigest, options));
}

async function fetchFrom(
  scene: Scene,
  site: Parameters<Scene["ask"]>[0],
  tagOrDigest: string,
  options: Cancel,
): Promise<FetchedManifest> {
  const answer = await scene.ask(site, {
    method: "GET",
    path: `manifests/${tagOrDigest}`,
    headers: { Accept: accepted },
    asked: askedManifest(scene.name, tagOrDigest),
    ...options,
  });
  const bytes = await readAll(answer, manifestLimit);
  const digest = digestOf(bytes);
  const promised = isDigest(tagOrDigest) ? tagOrDigest : toldDigest(answer);
  const subject = answer.asked.reference ?? answer.asked.repository;
  if (promised !== undefined && promised !== digest) {
    throw new RegistryError("invalid", `manifest verification failed for digest ${promised}`, { subject });
  }
  return { descriptor: { mediaType: mediaTypeOf(answer, bytes), digest, size: bytes.length }, bytes };
}

/** What the header of an answer to HEAD says; undefined when it leaves something out. */
function toldDescriptor(answer: Answer, wanted: Digest | undefined): Descriptor | undefined {
  const { headers } = answer.response;
  const digest = toldDigest(answer);
  const size = headers.get("content-length") ?? "";
  const mediaType = bareType(headers.get("content-type"));
  if (digest === undefined || !isMediaType(mediaType) || mediaType === "application/json") return undefined;
  if (!/^[1-9]\d{0,8}$/.test(size) || (wanted !== undefined && wanted !== digest)) return undefined;
  refuseSchema1(mediaType, answer);
  return { mediaType, digest, size: Number(size) };
}

function isMediaType(text: string): boolean {
  return /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/.test(text);
}

function toldDigest(answer: Answer): Digest | undefined {
  const text = answer.response.headers.get("docker-content-digest") ?? "";
  return isDigest(text) ? text : undefined;
}

/** The document's own word counts before the header's: that one is covered by the digest. */
function mediaTypeOf(answer: Answer, bytes: Uint8Array): string {
  const header = bareType(answer.response.headers.get("content-type"));
  const document = readShape(bytes, answer);
  if (document.schemaVersion === 1)
    refuseSchema1("application/vnd.docker.distribution.manifest.v1+json", answer);
  const own = document.mediaType;
  const mediaType = typeof own === "string" && own !== "" ? own : header;
  refuseSchema1(mediaType, answer);
  if (mediaType !== "" && !isMediaType(mediaType)) {
    const subject = answer.asked.reference ?? answer.asked.repository;
    throw new RegistryError("invalid", `Cannot use ${subject}: its media type is malformed`, { subject });
  }
  if (mediaType !== "" && !/^(application\/json|application\/octet-stream|text\/.*)$/.test(mediaType))
    return mediaType;
  return "manifests" in document ? mediaTypes.ociIndex : mediaTypes.ociManifest;
}

function readShape(bytes: Uint8Array, answer: Answer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return Object.fromEntries(Object.entries(value));
    }
  } catch {
    // Said below.
  }
  const subject = answer.asked.reference ?? answer.asked.repository;
  throw new RegistryError("invalid", `Cannot parse the manifest of ${subject}: it is no JSON object`, {
    subject,
  });
}

function refuseSchema1(mediaType: string, answer: Answer): void {
  if (!/^application\/vnd\.docker\.distribution\.manifest\.v1\+(json|prettyjws)$/.test(mediaType)) return;
  const subject = answer.asked.reference ?? answer.asked.repository;
  throw new RegistryError(
    "invalid",
    `Cannot use ${subject}: it is an image of Docker's manifest version 2, schema 1, which is not supported. Push it again with a current tool`,
    { subject },
  );
}

function bareType(header: string | null): string {
  return (header ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}
