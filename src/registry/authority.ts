import { type Challenge, parseChallenges } from "./challenge.ts";
import { RegistryError } from "./error.ts";
import { type Asked, verb } from "./failure.ts";
import type { Reach } from "./reach.ts";
import { createShared, type Shared } from "./shared.ts";
import { basicAuthorization, fetchToken, type Realm, type Token } from "./token.ts";
import type { Answer, Outgoing, Transport } from "./transport.ts";
import type { RegistryCredentials } from "./types.ts";

/** What an `Authorization` header is wanted for. */
export interface Purpose {
  /** The request that the header goes with. */
  readonly method: string;
  readonly url: URL;
  /** `repository:library/redis:pull`; empty for the registry as such. */
  readonly scopes: readonly string[];
  readonly asked: Outgoing["asked"];
  readonly signal?: AbortSignal | undefined;
}

/** Gets a client into one origin; knows what that origin asks for once it has asked. */
export interface Authority {
  /** The header to send; undefined as long as the registry has not asked for any. */
  header(purpose: Purpose): Promise<string | undefined>;
  /**
   * Learns from a 401. True when it is worth asking again with the next `header`; throws when the registry wants
   * credentials that there are none of.
   */
  learn(answer: Answer, sent: string | undefined): Promise<boolean>;
  /** A token with an identity token beside it, for a login; undefined when the registry does not use tokens. */
  identify(purpose: Purpose): Promise<Token | undefined>;
}

type Way = { readonly kind: "basic" } | { readonly kind: "bearer"; readonly realm: Realm };

interface Needs {
  readonly send: Transport;
  readonly reach: Reach;
  readonly credentials: RegistryCredentials | undefined;
}

export function createAuthority(needs: Needs): Authority {
  const { credentials } = needs;
  let way: Way | undefined;
  const tokens = new Map<string, Shared<Token>>();

  const tokenFor = (realm: Realm, purpose: Purpose): Promise<Token> => {
    const key = [...purpose.scopes].sort().join(" ");
    const shared = tokens.get(key) ?? createShared<Token>((token) => token.staleAt > performance.now());
    tokens.set(key, shared);
    return shared.get(() => fetchToken(needs.send, { realm, credentials, ...purpose }), purpose.signal);
  };

  return {
    async header(purpose) {
      if (credentials?.registryToken) return `Bearer ${checkToken(credentials.registryToken, purpose)}`;
      if (way === undefined) return undefined;
      if (way.kind === "basic")
        return credentials === undefined ? undefined : basicAuthorization(credentials);
      return `Bearer ${(await tokenFor(way.realm, purpose)).value}`;
    },
    async learn(answer, sent) {
      if (credentials?.registryToken) return false;
      way = await chooseWay(answer, needs);
      // Several may have asked before the first one learned: each of them has sent nothing yet.
      if (way?.kind !== "bearer") return way !== undefined && sent === undefined;
      // What was sent is of no use; what another request has got meanwhile may be.
      for (const shared of tokens.values()) shared.drop((token) => `Bearer ${token.value}` === sent);
      return true;
    },
    async identify(purpose) {
      if (way?.kind !== "bearer") return undefined;
      return fetchToken(needs.send, { realm: way.realm, credentials, offline: true, ...purpose });
    },
  };
}

/** What could not stand in a header would be told by the one who tries to send it. */
function checkToken(token: string, { asked }: Purpose): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new RegistryError("invalid", "Cannot use the registry token: it is malformed", {
    subject: asked.repository,
  });
}

async function chooseWay(answer: Answer, needs: Needs): Promise<Way | undefined> {
  const challenges = parseChallenges(answer.response.headers.get("www-authenticate"));
  const bearer = challenges.find((one) => one.scheme === "bearer" && one.parameters.realm !== undefined);
  if (bearer) return { kind: "bearer", realm: await readRealm(bearer, answer, needs) };
  if (!challenges.some((one) => one.scheme === "basic")) return undefined;
  if (!needs.credentials?.username) throw missing(answer.asked);
  return { kind: "basic" };
}

/** Credentials never go to a token server in the clear, unless the registry itself may be talked to so. */
async function readRealm(bearer: Challenge, answer: Answer, needs: Needs): Promise<Realm> {
  const { realm = "", service = "" } = bearer.parameters;
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new RegistryError("unavailable", `${getText(answer.asked)}: invalid token auth challenge realm`, {
      subject: answer.asked.repository,
      status: 401,
    });
  }
  const open = url.protocol === "http:" && !(await needs.reach.insecure(url.host));
  if (open && answer.url.protocol === "https:" && needs.credentials !== undefined) {
    throw new RegistryError(
      "unavailable",
      `${getText(answer.asked)}: the token server ${url.host} is plain HTTP: credentials are not sent to it`,
      { subject: answer.asked.repository, status: 401 },
    );
  }
  return { url, service };
}

function missing(asked: Asked): RegistryError {
  return new RegistryError("unauthenticated", `${getText(asked)}: no basic auth credentials`, {
    subject: asked.repository,
    codes: ["UNAUTHORIZED"],
    status: 401,
  });
}

function getText(asked: Asked): string {
  return `${verb(asked.method)} "${asked.url}"`;
}
