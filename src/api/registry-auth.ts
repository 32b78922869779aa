import { EngineError, isKind } from "../base/index.ts";
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

/**
 * Runs a pull or a push. Docker's command line answers a 401 by asking for a login, even where nobody is to answer, so
 * a registry that refuses the credentials is an error like any other, as with Docker.
 */
export async function withoutLoginPrompt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isKind(error, "unauthenticated")) throw error;
    throw new EngineError("internal", error.message, { subject: error.subject, cause: error });
  }
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
