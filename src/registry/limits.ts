import type { RegistryLimits } from "./types.ts";

export const defaultLimits: RegistryLimits = {
  header: 30_000,
  idle: 30_000,
  send: 120_000,
  store: 600_000,
  minimumRate: 1024,
  tries: 6,
  firstWait: 500,
  longestWait: 30_000,
};

/** Bytes of a manifest or an index; what registries themselves accept (OCI distribution-spec, "Pushing manifests"). */
export const manifestLimit = 4 * 1024 ** 2;

/** Bytes of a list of tags or repositories: some registries know no pages. */
export const listLimit = 16 * 1024 ** 2;

/** Bytes of everything else that is read whole: tokens, search results. */
export const documentLimit = 1024 ** 2;

/** Bytes of an error's body that are looked at. */
export const errorLimit = 64 * 1024;

export const longestRedirectChain = 10;
