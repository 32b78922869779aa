/** Credentials for one registry, as `X-Registry-Auth` and `POST /auth` have them. */
export interface AuthConfig {
  readonly username?: string;
  readonly password?: string;
  readonly serveraddress?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

export interface AuthResponse {
  readonly Status: string;
  readonly IdentityToken: string;
}

export interface DistributionInspect {
  readonly Descriptor: {
    readonly mediaType: string;
    readonly digest: string;
    readonly size: number;
  };
  readonly Platforms: readonly {
    readonly architecture: string;
    readonly os: string;
    readonly variant?: string;
  }[];
}

export interface RegistrySearchResult {
  readonly name: string;
  readonly description: string;
  readonly star_count: number;
  readonly is_official: boolean;
  /** Always false: Docker Hub has given it up. */
  readonly is_automated: boolean;
}

/** A platform as manifests have it; the order of the fields is Docker's. */
export interface ManifestPlatform {
  architecture?: string;
  os?: string;
  "os.version"?: string;
  "os.features"?: string[];
  variant?: string;
}

export interface ManifestDescriptor {
  mediaType: string;
  digest: string;
  size: number;
  platform?: ManifestPlatform;
}

/** `GET /gantry/manifests/{name}`: a manifest or an index at its registry, an image's with its platform. */
export interface RegistryManifest {
  /** The name, spelled out: `docker.io/library/redis:7`. */
  readonly Ref: string;
  readonly Descriptor: ManifestDescriptor;
  /** Its bytes in base64. */
  readonly Raw: string;
}

/** `POST /gantry/manifests/{name}`: stores an index under a name, and first what it points to. */
export interface ManifestPushRequest {
  readonly MediaType: string;
  /** Its bytes in base64. */
  readonly Raw: string;
  /** Where the manifests of the index are now, by digest: `127.0.0.1:5000/app@sha256:…`. */
  readonly Sources: readonly string[];
}

export interface ManifestPushResponse {
  readonly Digest: string;
  /** Digests of the sources, in their order. */
  readonly Pushed: readonly string[];
}

/** The value of `X-Registry-Auth`: base64url of JSON. */
export function encodeAuth(auth: AuthConfig): string {
  return encodeHeader(auth);
}

/** The value of `X-Registry-Config`, which a build takes: credentials by registry host. */
export function encodeAuths(auths: Readonly<Record<string, AuthConfig>>): string {
  return encodeHeader(auths);
}

/** Reads `X-Registry-Auth`. What cannot be read counts as nothing, as in Docker: a pull goes on without. */
export function decodeAuth(header: string | undefined): AuthConfig | undefined {
  const auth = readAuth(decodeHeader(header));
  return auth !== undefined && Object.values(auth).some((value) => value !== "") ? auth : undefined;
}

/** Reads `X-Registry-Config`; what cannot be read is left out. */
export function decodeAuths(header: string | undefined): Readonly<Record<string, AuthConfig>> {
  const value = decodeHeader(header);
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([host, one]) => {
      const auth = readAuth(one);
      return auth === undefined ? [] : [[host, auth]];
    }),
  );
}

/** Takes the known fields of any value; undefined for what is no object or has a field of another kind. */
export function readAuth(value: unknown): AuthConfig | undefined {
  if (!isObject(value)) return undefined;
  const names = ["username", "password", "serveraddress", "identitytoken", "registrytoken"] as const;
  const found: Record<string, string> = {};
  for (const name of names) {
    const field = value[name] ?? undefined;
    if (field !== undefined && typeof field !== "string") return undefined;
    if (field !== undefined) found[name] = field;
  }
  if (found.username === undefined && typeof value.auth === "string")
    return { ...found, ...splitPair(value.auth) };
  return found;
}

/** `auth` of old clients and of config.json: base64 of `name:password`. */
export function splitPair(auth: string): { username?: string; password?: string } {
  const pair = Buffer.from(auth, "base64").toString("utf8").replace(/\0+$/, "");
  const colon = pair.indexOf(":");
  return colon < 1 ? {} : { username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

function encodeHeader(value: object): string {
  // Go's decoder wants the padding.
  return Buffer.from(JSON.stringify(value)).toString("base64").replaceAll("+", "-").replaceAll("/", "_");
}

function decodeHeader(header: string | undefined): unknown {
  if (!header) return undefined;
  try {
    return JSON.parse(Buffer.from(header, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
