export { createRegistryClient } from "./client.ts";
export { copyManifest } from "./copy.ts";
export { RegistryError } from "./error.ts";
export { readBlob } from "./read-blob.ts";
export type {
  Cancel,
  FetchedManifest,
  LoginResult,
  ProxyOptions,
  PushBlobOptions,
  PushedBlob,
  RegistryClient,
  RegistryCredentials,
  RegistryLimits,
  RegistryOptions,
  Repository,
  RepositoryOptions,
  SearchOptions,
  SearchResult,
} from "./types.ts";
