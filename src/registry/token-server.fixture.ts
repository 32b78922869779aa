import type { IncomingMessage, ServerResponse } from "node:http";
import { type FakeRegistry, type Fault, readBody, refusal, send } from "./fake-registry.fixture.ts";

/** A token server in front of a registry: what it gave, and what it wants to see. */
export interface TokenServer {
  /** Query of each GET, form of each POST. */
  readonly asked: URLSearchParams[];
  /** `Authorization` of each. */
  readonly shown: (string | undefined)[];
  /** Seconds that tokens live; undefined says nothing. */
  life: number | undefined;
  /** Tokens that the registry takes no more. */
  readonly withdrawn: Set<string>;
  /** Another place for the token server. */
  realm: string;
}

/** `me` with `secret` may do all; everybody else may pull from `public`. */
export function guardWithTokens(registry: FakeRegistry): TokenServer {
  const server: TokenServer = {
    asked: [],
    shown: [],
    life: 300,
    withdrawn: new Set(),
    realm: `${registry.url}/token`,
  };
  registry.fault = async (request, response) => {
    if (request.url?.startsWith("/token")) return await giveToken(server, request, response);
    return challenge(server)(request, response);
  };
  return server;
}

async function giveToken(
  server: TokenServer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const query =
    request.method === "POST"
      ? new URLSearchParams((await readBody(request)).toString())
      : new URL(request.url ?? "", "http://x").searchParams;
  server.asked.push(query);
  server.shown.push(request.headers.authorization);
  const isMe =
    request.headers.authorization === `Basic ${btoa("me:secret")}` ||
    query.get("refresh_token") === "refresh";
  if (!isMe && (request.headers.authorization || request.method === "POST")) {
    send(response, 401, refusal("UNAUTHORIZED", "incorrect username or password"));
    return true;
  }
  const scopes = query.getAll("scope").join(" ");
  const token = `${isMe ? "me" : "anyone"}|${scopes}|${server.asked.length}`.replaceAll(" ", "+");
  send(
    response,
    200,
    JSON.stringify({
      token,
      ...(server.life === undefined ? {} : { expires_in: server.life }),
      ...(query.get("offline_token") === "true" ? { refresh_token: "refresh" } : {}),
    }),
  );
  return true;
}

function challenge(server: TokenServer): Fault {
  return (request, response) => {
    const token = request.headers.authorization?.replace(/^Bearer /, "");
    const [who = "", scopes = ""] = token?.split("|") ?? [];
    const repository = /^\/v2\/(.+?)\/(manifests|blobs|tags)/.exec(request.url ?? "")?.[1];
    const verb = request.method === "GET" || request.method === "HEAD" ? "pull" : "push";
    const granted =
      repository === undefined ||
      scopes
        .split("+")
        .some((scope) => scope.startsWith(`repository:${repository}:`) && scope.includes(verb));
    const known = token !== undefined && !server.withdrawn.has(token);
    const allowed = who === "me" || (repository === "public" && verb === "pull");
    if (known && granted && allowed) return false;
    const insufficient = known ? ',error="insufficient_scope"' : "";
    send(response, 401, refusal("UNAUTHORIZED", "authentication required"), {
      "WWW-Authenticate": `Bearer realm="${server.realm}",service="test"${insufficient}`,
    });
    request.resume();
    return true;
  };
}
