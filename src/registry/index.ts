export { createRegistryClient } from "./client.ts";
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
  SearchOptions,
  SearchResult,
} from "./types.ts";
