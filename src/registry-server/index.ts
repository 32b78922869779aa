export { RegistryServers } from "./servers.ts";
export type { RegistryServerNeeds, ServedRegistry, ServeOptions } from "./types.ts";
