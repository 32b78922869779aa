import { randomUUID, sign, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

/** What a token lets its holder do in one repository. */
interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** Files of the key that tokens are signed with. */
export interface SigningKey {
  readonly certificate: string;
  readonly key: string;
}

/** A token server as registries send their clients to: `me` with `secret` may do all, others may pull `public/…`. */
export interface TestTokenServer extends AsyncDisposable {
  readonly realm: string;
  /** Each request: how it was asked, and for what. */
  readonly asked: { readonly way: string; readonly scopes: string }[];
}

export function startTokenServer(signingKey: SigningKey): TestTokenServer {
  const asked: { way: string; scopes: string }[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const isPost = request.method === "POST";
      const query = isPost ? new URLSearchParams(await request.text()) : new URL(request.url).searchParams;
      const shown = request.headers.get("authorization");
      const scopes = query.getAll("scope").join(" ");
      asked.push({ way: query.get("grant_type") ?? (shown === null ? "nobody" : "password"), scopes });
      const isMe = shown === `Basic ${btoa("me:secret")}` || query.get("refresh_token") === "refresh";
      if (!isMe && (shown !== null || isPost)) return refused();
      const access = scopes.split(" ").flatMap((scope) => granted(scope, isMe));
      const refresh = query.get("offline_token") === "true" ? { refresh_token: "refresh" } : {};
      return Response.json({ token: signToken(signingKey, query.get("service") ?? "", access), ...refresh });
    },
  });
  return {
    realm: `http://127.0.0.1:${server.port}/token`,
    asked,
    async [Symbol.asyncDispose]() {
      await server.stop(true);
    },
  };
}

function refused(): Response {
  const error = { code: "UNAUTHORIZED", message: "incorrect username or password" };
  return Response.json({ errors: [error] }, { status: 401 });
}

function granted(scope: string, isMe: boolean): Access[] {
  const [, type = "", name = "", actions = ""] = /^(\w+):(.+):([\w*,]+)$/.exec(scope) ?? [];
  if (type === "") return [];
  const wanted = actions.split(",");
  const allowed = isMe ? wanted : wanted.filter((action) => action === "pull" && name.startsWith("public/"));
  return [{ type, name, actions: allowed }];
}

/** A token as docker-registry takes it: signed by a key whose certificate comes along. */
function signToken({ certificate, key }: SigningKey, audience: string, access: readonly Access[]): string {
  const now = Math.floor(Date.now() / 1000);
  const x5c = [new X509Certificate(readFileSync(certificate)).raw.toString("base64")];
  const claims = {
    iss: "test",
    sub: "me",
    aud: audience,
    exp: now + 300,
    nbf: now - 10,
    iat: now,
    jti: randomUUID(),
    access,
  };
  const text = [{ typ: "JWT", alg: "ES256", x5c }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const signature = sign("sha256", Buffer.from(text), {
    key: readFileSync(key, "utf8"),
    dsaEncoding: "ieee-p1363",
  });
  return `${text}.${signature.toString("base64url")}`;
}
