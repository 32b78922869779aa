import { type Authority, createAuthority } from "./authority.ts";
import { RegistryError } from "./error.ts";
import type { Reach } from "./reach.ts";
import type { Outgoing, Transport } from "./transport.ts";
import type { RegistryCredentials } from "./types.ts";

/** A place that serves a repository: the registry itself or a mirror of it. */
export interface Site {
  /** What `/v2/` is added to; ends with `/`. */
  readonly base: URL;
  readonly authority: Authority;
  /** The registry that a mirror stands for. */
  readonly mirrorOf?: string;
}

export interface SiteNeeds {
  readonly send: Transport;
  readonly reach: Reach;
}

/** The name under which Docker Hub answers. */
const hub = "registry-1.docker.io";

/** A mirror by its base URL; it never sees credentials of the registry. */
export function mirrorSite(needs: SiteNeeds, base: string, registry: string): Site {
  const url = new URL(base.endsWith("/") ? base : `${base}/`);
  return { base: url, authority: createAuthority({ ...needs, credentials: undefined }), mirrorOf: registry };
}

/**
 * The registry of a domain. Where plain HTTP is fine, HTTPS is tried first and HTTP when nobody speaks TLS there, as
 * Docker does.
 */
export async function homeSite(
  needs: SiteNeeds,
  domain: string,
  options: {
    readonly credentials: RegistryCredentials | undefined;
    readonly asked: Outgoing["asked"];
    readonly signal: AbortSignal | undefined;
  },
): Promise<Site> {
  const host = domain === "docker.io" ? hub : domain;
  const base = await locate(needs, host, options);
  return { base, authority: createAuthority({ ...needs, credentials: options.credentials }) };
}

async function locate(
  needs: SiteNeeds,
  host: string,
  options: Pick<Outgoing, "asked" | "signal">,
): Promise<URL> {
  const secure = parseHost(`https://${host}/`, options.asked.repository);
  if (!(await needs.reach.insecure(host))) return secure;
  const plain = new URL(`http://${host}/`);
  for (const base of [secure, plain]) {
    try {
      const answer = await needs.send({ ...options, method: "GET", url: new URL("v2/", base), headers: {} });
      await answer.discard();
      return base;
    } catch (error) {
      if (base === plain || !(error instanceof RegistryError)) throw error;
    }
  }
  return plain;
}

function parseHost(text: string, subject: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw new RegistryError("invalid", `invalid registry host in "${subject}"`, { subject });
}
