import type { Digest } from "../base/index.ts";
import type { Descriptor } from "../oci/index.ts";

/** What somebody shows to a registry, as `X-Registry-Auth` has it. All of it is secret except the server's address. */
export interface RegistryCredentials {
  readonly username?: string;
  readonly password?: string;
  /** Stands for username and password at a token server (OAuth2 refresh token). */
  readonly identityToken?: string;
  /** Goes to the registry as it is, no token server is asked. */
  readonly registryToken?: string;
  readonly serverAddress?: string;
}

/** Where proxies are; values as the environment variables of the same names have them. */
export interface ProxyOptions {
  readonly http?: string;
  readonly https?: string;
  readonly no?: string;
}

/** Milliseconds; see `defaultLimits`. */
export interface RegistryLimits {
  /** Until an answer's header is there, connecting included. */
  readonly header: number;
  /** Between two pieces of a body that comes. */
  readonly idle: number;
  /** Between two pieces of a body that goes. */
  readonly send: number;
  /** From the last piece of such a body to the answer: registries check and move all of it meanwhile. */
  readonly store: number;
  /** Bytes a second that a body must bring on average over `idle`. */
  readonly minimumRate: number;
  /** How often something is tried that may work later; a download that goes on starts counting again. */
  readonly tries: number;
  /** The first wait before trying again; doubles each time. */
  readonly firstWait: number;
  /** The longest wait, whatever the registry asks for. */
  readonly longestWait: number;
}

/** How registries are reached. */
export interface RegistryOptions {
  /** Host of a registry (`docker.io`, `ghcr.io`) → base URLs that are asked first, in this order. */
  readonly mirrors: Readonly<Record<string, readonly string[]>>;
  /** `host`, `host:port` or a CIDR: certificates are not checked there, and plain HTTP will do. Loopback always is. */
  readonly insecure: readonly string[];
  /** Directories that hold `<host[:port]>/{*.crt,*.cert,*.key}`, as Docker's `certs.d`. The first that knows a host counts. */
  readonly certificates: readonly string[];
  readonly proxy: ProxyOptions;
  readonly userAgent: string;
  readonly limits?: Partial<RegistryLimits>;
}

/** What every operation takes. Aborting makes it throw the signal's reason, and closes its connections. */
export interface Cancel {
  readonly signal?: AbortSignal;
}

/** The distribution client: pull and push against any OCI or Docker registry. Failures are `RegistryError`s. */
export interface RegistryClient {
  /** A repository by its full name (`docker.io/library/redis`, `127.0.0.1:5000/app`), no tag. Does no I/O. */
  repository(name: string, options?: RepositoryOptions): Repository;
  /** Tries credentials at their `serverAddress`; throws `unauthenticated` when the registry refuses them. */
  login(credentials: RegistryCredentials, options?: Cancel): Promise<LoginResult>;
  /**
   * Repositories by a term, which may begin with a registry's host (`example.com/word`). Registries without Docker
   * Hub's search are looked through by their catalog.
   */
  search(term: string, options?: SearchOptions): Promise<readonly SearchResult[]>;
}

export interface RepositoryOptions {
  readonly credentials?: RegistryCredentials;
  /** Treat this registry as if it were listed in `insecure`. */
  readonly insecure?: boolean;
}

export interface LoginResult {
  readonly status: string;
  /** Stands for the password from now on, where the registry gives such tokens; else empty. */
  readonly identityToken: string;
}

export interface SearchOptions extends Cancel {
  readonly limit?: number;
  readonly credentials?: RegistryCredentials;
}

export interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly stars: number;
  readonly official: boolean;
}

/** The bytes of a manifest or an index, which are what its digest says. */
export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

export interface PushBlobOptions extends Cancel {
  /** Repositories of the same registry (`library/redis`, no host) that may have the blob. */
  readonly mountFrom?: readonly string[];
  /** How many bytes the registry has by now; may go back when an upload begins again. */
  report?(sent: number): void;
}

/**
 * How a push found a blob: there already, taken from another repository of the registry (`mountedFrom`), or
 * uploaded.
 */
export type PushedBlob =
  | { readonly kind: "exists" }
  | { readonly kind: "mounted"; readonly from: string }
  | { readonly kind: "pushed" };

/** One repository of one registry. Reads ask the mirrors first; writes go to the registry itself. */
export interface Repository {
  /** As given: `docker.io/library/redis`. */
  readonly name: string;
  /** The descriptor of a tag or a digest; `not-found` in Docker's words when there is none. */
  resolve(tagOrDigest: string, options?: Cancel): Promise<Descriptor>;
  /**
   * The bytes of a manifest or an index, checked against the digest. Throws `invalid` for schema 1 and for more
   * than 4 MiB.
   */
  manifest(tagOrDigest: string, options?: Cancel): Promise<FetchedManifest>;
  /**
   * The bytes of a blob from `offset`. Goes on by itself where a connection broke. Ends after exactly the bytes
   * that the descriptor promises, throws `invalid` when there are more, `unavailable` when they do not come. The
   * digest is left for the reader to check: only who has all bytes can.
   */
  blob(descriptor: Descriptor, options?: Cancel & { readonly offset?: number }): AsyncIterable<Uint8Array>;
  /** Whether the registry itself (no mirror) has this blob. */
  exists(digest: Digest, options?: Cancel): Promise<boolean>;
  /**
   * Makes sure that the registry has this blob. `open` gives its bytes from an offset, once for each try.
   */
  pushBlob(
    descriptor: Descriptor,
    open: (offset: number) => AsyncIterable<Uint8Array>,
    options?: PushBlobOptions,
  ): Promise<PushedBlob>;
  /** Stores a manifest under a tag or its digest. */
  pushManifest(
    tagOrDigest: string,
    manifest: { readonly mediaType: string; readonly bytes: Uint8Array },
    options?: Cancel,
  ): Promise<Descriptor>;
  /** All tags, a page at a time. */
  tags(options?: Cancel): AsyncIterable<string>;
}
