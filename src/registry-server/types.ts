import type { Digest } from "../base/index.ts";
import type { ContentStore } from "../content/index.ts";
import type { Image, ImageService } from "../image/index.ts";
import type { Records } from "../records/index.ts";

/** What a registry is to be. Plain data, checked by `checkServeOptions`. */
export interface ServeOptions {
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Pushed images become images of the engine. */
  readonly writable: boolean;
  /** PEM texts. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Whoever calls must send these. */
  readonly login?: { readonly user: string; readonly password: string };
  /** Serve other machines without TLS and password. */
  readonly allowInsecure: boolean;
}

/** A registry that is served. */
export interface ServedRegistry {
  /** `127.0.0.1:5000`: what stands before a name in a reference. */
  readonly address: string;
  readonly writable: boolean;
  readonly secure: boolean;
  readonly authenticated: boolean;
  readonly since: Date;
}

/** What a registry works with. */
export interface RegistryServerNeeds {
  readonly images: Pick<ImageService, "list" | "find" | "adopt" | "keep">;
  readonly content: ContentStore;
  readonly records: Records;
  /** Told of each image that was pushed here. */
  readonly pushed: (image: Image, name: string) => void;
}

/** One answered request, for those who watch. */
export interface Access {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly from: string;
}

/** Who may be kept from collection, and how long: until the client of a pull has come to it, or a push has ended. */
export const keptWhileServed = 2 * 60_000;
export const keptWhilePushed = 10 * 60_000;

/** A stored manifest or index as it is to be sent. */
export interface ServedManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
}
