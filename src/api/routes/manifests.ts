import { EngineError } from "../../base/index.ts";
import {
  type Descriptor,
  formatReference,
  mediaTypes,
  parseManifestOrIndex,
  parseReference,
  pinnedReference,
  type Reference,
  repositoryOf,
} from "../../oci/index.ts";
import { copyManifest, type RegistryClient, type Repository, readBlob } from "../../registry/index.ts";
import type {
  ManifestPlatform,
  ManifestPushRequest,
  ManifestPushResponse,
  RegistryManifest,
} from "../../wire/index.ts";
import { type Call, json, type Reply, readJson } from "../call.ts";
import { type Decoder, full, list, text } from "../decode.ts";
import { boolean } from "../query.ts";
import { callCredentials } from "../registry-auth.ts";
import { type Route, route } from "../routes.ts";

/** Manifests and indexes at their registries, for `manifest` on the command line. Gantry's own. */
export function manifestRoutes(registries: RegistryClient): Route[] {
  return [
    route("GET", "/gantry/manifests/{name...}", (call) => show(registries, call)),
    route("POST", "/gantry/manifests/{name...}", (call) => push(registries, call)),
  ];
}

async function show(registries: RegistryClient, call: Call): Promise<Reply> {
  const reference = parseReference(call.params.name ?? "");
  const repository = open(registries, call, reference);
  const wanted = pinnedReference(reference);
  const { signal } = call;
  const { descriptor, bytes } = await repository.manifest(wanted.digest ?? wanted.tag ?? "", { signal });
  const { mediaType, digest, size } = descriptor;
  const platform = await platformOf(repository, bytes, signal);
  const answer: RegistryManifest = {
    Ref: formatReference(reference.digest ? reference : wanted),
    Descriptor: { mediaType, digest, size, ...(platform ? { platform } : {}) },
    Raw: Buffer.from(bytes).toString("base64"),
  };
  return json(answer);
}

const requestDecoder: Decoder<ManifestPushRequest> = full<ManifestPushRequest>({
  MediaType: text,
  Raw: text,
  Sources: list(text),
});

async function push(registries: RegistryClient, call: Call): Promise<Reply> {
  const request = await readJson(call, requestDecoder);
  const target = pinnedReference(parseReference(call.params.name ?? ""));
  const repository = open(registries, call, target);
  const bytes = Buffer.from(request.Raw, "base64");
  checkIndex(bytes, request);
  const sources = request.Sources.map((source) => parseSource(source, target));
  for (const { digest, ...source } of sources) {
    await copyManifest(open(registries, call, source), repository, digest, { signal: call.signal });
  }
  const stored = await repository.pushManifest(
    target.digest ?? target.tag ?? "",
    { mediaType: request.MediaType, bytes },
    { signal: call.signal },
  );
  const answer: ManifestPushResponse = {
    Digest: stored.digest,
    Pushed: sources.map(({ digest }) => digest),
  };
  return json(answer, 201);
}

/** The credentials of a call are for one registry, so everything must lie in that one. */
function parseSource(
  source: string,
  target: Reference,
): Reference & { readonly digest: Descriptor["digest"] } {
  const reference = parseReference(source);
  const { digest } = reference;
  if (digest === undefined) {
    throw new EngineError("invalid", `Cannot take "${source}": a digest is needed`, { subject: source });
  }
  if (reference.domain !== target.domain) {
    throw new EngineError(
      "invalid",
      `cannot use source images from a different registry than the target image: ${reference.domain} != ${target.domain}`,
      { subject: source },
    );
  }
  return { ...reference, digest };
}

function checkIndex(bytes: Uint8Array, request: ManifestPushRequest): void {
  const { kind } = parseManifestOrIndex(bytes, "manifest list");
  const types: readonly string[] = [mediaTypes.dockerIndex, mediaTypes.ociIndex];
  if (kind === "index" && types.includes(request.MediaType)) return;
  throw new EngineError("invalid", `Cannot push: ${request.MediaType || "it"} is no index`, {
    subject: "Raw",
  });
}

function open(registries: RegistryClient, call: Call, reference: Reference): Repository {
  const credentials = callCredentials(call);
  return registries.repository(repositoryOf(reference), {
    ...(credentials ? { credentials } : {}),
    insecure: boolean(call.query, "insecure"),
  });
}

/** The platform that an image's config names; undefined for an index and for what is no image. */
async function platformOf(
  repository: Repository,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<ManifestPlatform | undefined> {
  const document = parseManifestOrIndex(bytes);
  if (document.kind === "index") return undefined;
  const { config } = document.manifest;
  if (config.mediaType !== mediaTypes.ociConfig && config.mediaType !== mediaTypes.dockerConfig)
    return undefined;
  return readPlatform(await readBlob(repository, config, { signal }));
}

function readPlatform(bytes: Uint8Array): ManifestPlatform | undefined {
  const value = parseJson(Buffer.from(bytes).toString("utf8"));
  if (typeof value !== "object" || value === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  const word = (name: string): string | undefined => {
    const field = fields.get(name);
    return typeof field === "string" && field !== "" ? field : undefined;
  };
  const [architecture, os, version, variant] = ["architecture", "os", "os.version", "variant"].map(word);
  const features = fields.get("os.features");
  return {
    ...(architecture ? { architecture } : {}),
    ...(os ? { os } : {}),
    ...(version ? { "os.version": version } : {}),
    ...(Array.isArray(features) ? { "os.features": features.map(String) } : {}),
    ...(variant ? { variant } : {}),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
