import { readObject } from "./document.ts";
import { RegistryError } from "./error.ts";
import { refusalError, verb } from "./failure.ts";
import { documentLimit } from "./limits.ts";
import { parseRefusal, readErrorBody } from "./refusal.ts";
import type { Answer, Outgoing, Transport } from "./transport.ts";
import type { RegistryCredentials } from "./types.ts";

/** Whom to ask for tokens, by a registry's `Bearer` challenge. */
export interface Realm {
  readonly url: URL;
  readonly service: string;
}

export interface Token {
  readonly value: string;
  /** `performance.now()` from which on it is not used any more. */
  readonly staleAt: number;
  /** An OAuth2 refresh token, where one was asked for and given. */
  readonly identityToken: string;
}

export interface TokenRequest {
  readonly realm: Realm;
  readonly scopes: readonly string[];
  readonly credentials: RegistryCredentials | undefined;
  /** Ask for an identity token too. */
  readonly offline?: boolean;
  readonly asked: Outgoing["asked"];
  readonly signal?: AbortSignal | undefined;
  /** The request that the token goes with; failures are told as that one's. */
  readonly method: string;
  readonly url: URL;
}

const clientID = "gantry";
/** Seconds that a token lives when the server says nothing (distribution-spec, "token authentication"). */
const usualLife = 60;

/**
 * Gets a token for scopes: anonymous, with a name and a password (GET), or by an identity token (OAuth2 POST).
 * Throws `unauthenticated` when the server refuses the credentials.
 */
export async function fetchToken(send: Transport, request: TokenRequest): Promise<Token> {
  const answer = await send(
    request.credentials?.identityToken ? refreshRequest(request) : passwordRequest(request),
  );
  if (!answer.response.ok) throw await refused(answer, request);
  return readToken(answer);
}

function passwordRequest(request: TokenRequest): Outgoing {
  const { realm, credentials } = request;
  const url = new URL(realm.url);
  if (realm.service !== "") url.searchParams.set("service", realm.service);
  for (const scope of request.scopes) url.searchParams.append("scope", scope);
  const named = credentials?.username !== undefined && credentials.username !== "";
  if (named) {
    url.searchParams.set("account", credentials.username ?? "");
    url.searchParams.set("client_id", clientID);
  }
  if (request.offline) url.searchParams.set("offline_token", "true");
  return {
    method: "GET",
    url,
    headers: { Accept: "application/json" },
    authorization: named ? basicAuthorization(credentials) : undefined,
    asked: request.asked,
    signal: request.signal,
  };
}

function refreshRequest(request: TokenRequest): Outgoing {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    service: request.realm.service,
    client_id: clientID,
    scope: request.scopes.join(" "),
    refresh_token: request.credentials?.identityToken ?? "",
  });
  const bytes = new TextEncoder().encode(form.toString());
  return {
    method: "POST",
    url: request.realm.url,
    headers: { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" },
    payload: {
      length: bytes.length,
      async *open() {
        yield bytes;
      },
    },
    asked: request.asked,
    signal: request.signal,
  };
}

async function readToken(answer: Answer): Promise<Token> {
  const document = await readObject(answer, documentLimit);
  const { token, access_token: access, expires_in: life, refresh_token: refresh } = document;
  const value = typeof token === "string" && token !== "" ? token : access;
  if (typeof value !== "string" || value === "" || /[^\x21-\x7e]/.test(value)) {
    throw new RegistryError("unavailable", "authorization server did not include a token in the response", {
      subject: answer.asked.repository,
      status: answer.response.status,
    });
  }
  const seconds = typeof life === "number" && life >= usualLife ? life : usualLife;
  return {
    value,
    // The last tenth of a token's life is left to the requests that are on their way.
    staleAt: performance.now() + seconds * 900,
    identityToken: typeof refresh === "string" ? refresh : "",
  };
}

async function refused(answer: Answer, { method, url }: TokenRequest): Promise<RegistryError> {
  const refusal = parseRefusal(answer.response, await readErrorBody(answer.body()));
  const error = refusalError(refusal, answer.asked);
  if (refusal.status !== 401 && refusal.status !== 403) return error;
  return new RegistryError(
    "unauthenticated",
    `${verb(method)} "${url.origin}${url.pathname}": ${error.message}`,
    {
      subject: error.subject,
      codes: error.codes,
      status: refusal.status,
    },
  );
}

/** `Basic …` of a name and a password. */
export function basicAuthorization(credentials: RegistryCredentials): string {
  const pair = `${credentials.username ?? ""}:${credentials.password ?? ""}`;
  return `Basic ${Buffer.from(pair, "utf8").toString("base64")}`;
}
