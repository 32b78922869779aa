import type { RegistryCredentials } from "../registry/index.ts";
import { type AuthConfig, decodeAuth, decodeAuths } from "../wire/index.ts";
import type { Call } from "./call.ts";

/** What the client shows for the registry of this call; undefined when nothing, or nothing that can be read. */
export function callCredentials(call: Pick<Call, "request">): RegistryCredentials | undefined {
  const auth = decodeAuth(headerOf(call, "x-registry-auth"));
  return auth && credentialsOf(auth);
}

/** What the client of a build shows: credentials by registry host. */
export function buildCredentials(call: Pick<Call, "request">): Readonly<Record<string, RegistryCredentials>> {
  const auths = Object.entries(decodeAuths(headerOf(call, "x-registry-config")));
  return Object.fromEntries(auths.map(([host, auth]) => [registryHost(host), credentialsOf(auth)]));
}

/** `X-Registry-Auth`'s words in the registry client's. */
export function credentialsOf(auth: AuthConfig): RegistryCredentials {
  return {
    ...(auth.username ? { username: auth.username } : {}),
    ...(auth.password ? { password: auth.password } : {}),
    ...(auth.identitytoken ? { identityToken: auth.identitytoken } : {}),
    ...(auth.registrytoken ? { registryToken: auth.registrytoken } : {}),
    ...(auth.serveraddress ? { serverAddress: auth.serveraddress } : {}),
  };
}

/** The host of a key of the client's configuration, which may be a URL: `https://index.docker.io/v1/` is Docker Hub. */
function registryHost(key: string): string {
  const host = key.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";
  return host === "index.docker.io" ? "docker.io" : host;
}

function headerOf(call: Pick<Call, "request">, name: string): string | undefined {
  const value = call.request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
