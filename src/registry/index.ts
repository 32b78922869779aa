export { createRegistryClient } from "./client.ts";
export { RegistryError } from "./error.ts";
export type {
  Cancel,
  FetchedManifest,
  ProxyOptions,
  PushBlobOptions,
  PushedBlob,
  RegistryClient,
  RegistryCredentials,
  RegistryLimits,
  RegistryOptions,
  Repository,
} from "./types.ts";
