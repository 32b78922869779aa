import type {
  AuthConfig,
  AuthResponse,
  DistributionInspect,
  ManifestPushRequest,
  ManifestPushResponse,
  RegistryManifest,
  RegistrySearchResult,
} from "../wire/index.ts";
import { type Cancel, filtersOf, type ListFilters } from "./options.ts";
import { segment } from "./request.ts";
import type { Transport } from "./transport.ts";

export interface SearchOptions extends Cancel {
  readonly limit?: number | undefined;
  readonly filters?: ListFilters | undefined;
  readonly auth?: string | undefined;
}

export interface ManifestOptions extends Cancel {
  /** Base64url JSON, as Docker's `X-Registry-Auth`. */
  readonly auth?: string | undefined;
  /** Plain HTTP and unchecked certificates will do. */
  readonly insecure?: boolean | undefined;
}

/** What an engine asks registries for. */
export interface DistributionClient {
  login(auth: AuthConfig, options?: Cancel): Promise<AuthResponse>;
  search(term: string, options?: SearchOptions): Promise<RegistrySearchResult[]>;
  inspect(name: string, options?: ManifestOptions): Promise<DistributionInspect>;
  /** A manifest with its bytes. Gantry's own: Docker's engine answers `not-found`. */
  manifest(name: string, options?: ManifestOptions): Promise<RegistryManifest>;
  /** Stores an index. Gantry's own. */
  pushManifest(
    name: string,
    request: ManifestPushRequest,
    options?: ManifestOptions,
  ): Promise<ManifestPushResponse>;
}

export function distributionClient(transport: Transport): DistributionClient {
  const headersOf = (auth: string | undefined): Record<string, string> =>
    auth === undefined ? {} : { "X-Registry-Auth": auth };
  const manifests = (name: string): string => `/gantry/manifests/${segment(name)}`;
  return {
    login: (json, { signal } = {}) => transport.json({ method: "POST", path: "/auth", json, signal }),
    search: (term, { limit, filters, auth, signal } = {}) =>
      transport.json({
        method: "GET",
        path: "/images/search",
        query: { term, limit, filters: filtersOf(filters) },
        headers: headersOf(auth),
        signal,
      }),
    inspect: (name, { auth, signal } = {}) =>
      transport.json({
        method: "GET",
        path: `/distribution/${segment(name)}/json`,
        headers: headersOf(auth),
        signal,
      }),
    manifest: (name, { auth, insecure, signal } = {}) =>
      transport.json({
        method: "GET",
        path: manifests(name),
        query: { insecure },
        headers: headersOf(auth),
        signal,
      }),
    pushManifest: (name, json, { auth, insecure, signal } = {}) =>
      transport.json({
        method: "POST",
        path: manifests(name),
        query: { insecure },
        headers: headersOf(auth),
        json,
        signal,
      }),
  };
}
