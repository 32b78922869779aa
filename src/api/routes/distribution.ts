import { EngineError } from "../../base/index.ts";
import {
  mediaTypes,
  parseImageConfig,
  parseManifestOrIndex,
  parseReference,
  repositoryOf,
} from "../../oci/index.ts";
import { type RegistryClient, type Repository, readBlob, type SearchResult } from "../../registry/index.ts";
import {
  type AuthConfig,
  type AuthResponse,
  type DistributionInspect,
  parseFilters,
  type RegistrySearchResult,
} from "../../wire/index.ts";
import { type Call, json, type Reply, readJson } from "../call.ts";
import { type Decoder, partial, text } from "../decode.ts";
import { booleanFilter, checkKeys } from "../filter.ts";
import { integer, string } from "../query.ts";
import { callCredentials, credentialsOf } from "../registry-auth.ts";
import { type Route, route } from "../routes.ts";

/** What is asked of registries without moving images: logins, searches, what a name stands for. */
export function distributionRoutes(registries: RegistryClient): Route[] {
  return [
    route("POST", "/auth", (call) => login(registries, call)),
    route("GET", "/images/search", (call) => search(registries, call)),
    route("GET", "/distribution/{name...}/json", (call) => inspect(registries, call)),
  ];
}

const authDecoder: Decoder<AuthConfig> = partial<AuthConfig>(
  { username: text, password: text, serveraddress: text, identitytoken: text, registrytoken: text },
  "AuthConfig",
);

async function login(registries: RegistryClient, call: Call): Promise<Reply> {
  const auth = await readJson(call, authDecoder);
  const { status, identityToken } = await registries.login(credentialsOf(auth), { signal: call.signal });
  return json({ Status: status, IdentityToken: identityToken } satisfies AuthResponse);
}

const mostResults = 100;

async function search(registries: RegistryClient, call: Call): Promise<Reply> {
  const limit = integer(call.query, "limit") || 25;
  if (limit < 1 || limit > mostResults) {
    throw new EngineError("invalid", `limit ${limit} is outside the range of [1, ${mostResults}]`, {
      subject: "limit",
    });
  }
  const matches = resultFilter(call);
  const credentials = callCredentials(call);
  const found = await registries.search(string(call.query, "term"), {
    limit,
    signal: call.signal,
    ...(credentials ? { credentials } : {}),
  });
  return json(found.filter(matches).map(searchRow));
}

function resultFilter(call: Call): (result: SearchResult) => boolean {
  const filters = parseFilters(call.query.get("filters") ?? undefined);
  checkKeys(filters, ["is-official", "is-automated", "stars"]);
  const official = booleanFilter(filters, "is-official");
  const automated = booleanFilter(filters, "is-automated") ?? false;
  const stars = Math.max(0, ...(filters.get("stars") ?? []).map(parseStars));
  return (result) =>
    !automated && (official === undefined || result.official === official) && result.stars >= stars;
}

function parseStars(value: string): number {
  if (/^\d+$/.test(value)) return Number(value);
  throw new EngineError("invalid", `invalid filter 'stars=[${value}]'`, { subject: "stars" });
}

function searchRow(result: SearchResult): RegistrySearchResult {
  return {
    star_count: result.stars,
    is_official: result.official,
    name: result.name,
    is_automated: false,
    description: result.description,
  };
}

async function inspect(registries: RegistryClient, call: Call): Promise<Reply> {
  const reference = parseReference(call.params.name ?? "");
  const credentials = callCredentials(call);
  const repository = registries.repository(repositoryOf(reference), credentials ? { credentials } : {});
  const wanted = reference.digest ?? reference.tag ?? "latest";
  const { descriptor, bytes } = await repository.manifest(wanted, { signal: call.signal });
  const { mediaType, digest, size } = descriptor;
  const answer: DistributionInspect = {
    Descriptor: { mediaType, digest, size },
    Platforms: await platformsOf(repository, bytes, call.signal),
  };
  return json(answer);
}

async function platformsOf(
  repository: Repository,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<DistributionInspect["Platforms"]> {
  const document = parseManifestOrIndex(bytes);
  if (document.kind === "index") {
    return document.index.manifests.flatMap(({ platform }) => (platform ? [platform] : []));
  }
  const { config } = document.manifest;
  // What else is stored in registries (charts, signatures) has a config of its own kind, and no platform.
  if (!imageConfigs.includes(config.mediaType)) return [];
  const { architecture, os, variant } = parseImageConfig(await readBlob(repository, config, { signal }));
  return [{ architecture, os, ...(variant ? { variant } : {}) }];
}

const imageConfigs: readonly string[] = [mediaTypes.ociConfig, mediaTypes.dockerConfig];
