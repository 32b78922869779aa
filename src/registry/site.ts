import { type Authority, createAuthority } from "./authority.ts";
import { RegistryError } from "./error.ts";
import type { Reach } from "./reach.ts";
import { readErrorBody } from "./refusal.ts";
import type { Answer, Outgoing, Transport } from "./transport.ts";
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
  const knock = (base: URL): Promise<Answer> =>
    needs.send({ ...options, method: "GET", url: new URL("v2/", base), headers: {}, patience: handshake });
  const refused = await attempt(async () => (await knock(secure)).discard());
  if (refused === undefined) return secure;
  const answer = await knock(plain);
  if (answer.response.status === 400 && (await readErrorBody(answer.body())).includes(wrongDoor)) {
    throw notTaken(secure, options.asked.repository);
  }
  await answer.discard();
  return plain;
}

/** Milliseconds; what speaks no TLS may just wait for more. */
const handshake = 10_000;

/** What many servers say to plain HTTP at a port for TLS. */
const wrongDoor = "HTTP request to an HTTPS server";

function notTaken(secure: URL, subject: string): RegistryError {
  const text = `Get "${secure.href}v2/": tls: handshake failure: the registry may want a client certificate`;
  return new RegistryError("unavailable", text, { subject });
}

async function attempt(work: () => Promise<void>): Promise<RegistryError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof RegistryError) return error;
    throw error;
  }
}

function parseHost(text: string, subject: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw new RegistryError("invalid", `invalid registry host in "${subject}"`, { subject });
}
