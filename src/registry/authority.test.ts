import { afterEach, beforeEach, expect, test } from "bun:test";
import { digestOf } from "../base/index.ts";
import { collect, failureOf, testClient } from "./client.fixture.ts";
import { FakeRegistry, refusal, send } from "./fake-registry.fixture.ts";
import { fetchToken } from "./token.ts";
import { guardWithTokens } from "./token-server.fixture.ts";
import type { Repository } from "./types.ts";

let registry: FakeRegistry;
const me = { username: "me", password: "secret" };
const image = { schemaVersion: 2, layers: [] };
const repository = (name: string, credentials?: object): Repository =>
  testClient().repository(`${registry.host}/${name}`, credentials ? { credentials } : {});

beforeEach(async () => {
  registry = await FakeRegistry.start();
});
afterEach(() => registry[Symbol.asyncDispose]());

/** Lets in who shows name and password. */
function guardWithPassword(): void {
  registry.fault = (request, response) => {
    if (request.headers.authorization === `Basic ${btoa("me:secret")}`) return false;
    send(response, 401, refusal("UNAUTHORIZED", "authentication required"), {
      "WWW-Authenticate": 'Basic realm="test"',
    });
    return true;
  };
}

test("a password is shown once the registry asks for it, and from then on", async () => {
  guardWithPassword();
  const descriptor = registry.putManifest("app", "1", image);
  const app = repository("app", me);
  expect(await app.resolve("1")).toEqual(descriptor);
  expect(await app.resolve("1")).toEqual(descriptor);
  expect(registry.requests).toHaveLength(3);
  expect(registry.seen[0]?.headers.authorization).toBeUndefined();
});

test("without a password the failure says so, and a wrong one is not tried for ever", async () => {
  guardWithPassword();
  const url = `${registry.url}/v2/app/manifests/1`;
  expect(await failureOf(repository("app").resolve("1"))).toMatchObject({
    kind: "unauthenticated",
    message: `Head "${url}": no basic auth credentials`,
  });
  registry.seen.length = 0;
  expect(await failureOf(repository("app", { ...me, password: "wrong" }).manifest("1"))).toMatchObject({
    kind: "unauthenticated",
    message: "unauthorized: authentication required",
  });
  expect(registry.requests).toHaveLength(2);
});

test("everybody gets a token for what is public; one is enough for many requests at a time", async () => {
  const server = guardWithTokens(registry);
  const descriptor = registry.putManifest("public", "1", image);
  const app = repository("public");
  await app.resolve("1");
  const blob = registry.putBlob("public", Buffer.from("x"));
  await Promise.all(Array.from({ length: 8 }, () => collect(app.blob(blob))));
  expect((await app.manifest("1")).descriptor.digest).toBe(descriptor.digest);
  expect(server.asked.map(String)).toEqual(["service=test&scope=repository%3Apublic%3Apull"]);
  expect(server.shown).toEqual([undefined]);
});

test("what is private is denied in Docker's words, and refused credentials are the token server's to tell", async () => {
  guardWithTokens(registry);
  expect(await failureOf(repository("private").manifest("1"))).toMatchObject({
    kind: "not-found",
    codes: ["DENIED", "UNAUTHORIZED"],
    message: `pull access denied for ${registry.host}/private, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
  });
  expect(await failureOf(repository("private", { ...me, password: "wrong" }).manifest("1"))).toMatchObject({
    kind: "unauthenticated",
    message: `Get "${registry.url}/v2/private/manifests/1": unauthorized: incorrect username or password`,
  });
});

test("a push asks for its rights, with those to read where blobs are mounted from", async () => {
  const server = guardWithTokens(registry);
  const bytes = Buffer.from("layer");
  registry.putBlob("base", bytes);
  const blob = { mediaType: "x/y", digest: digestOf(bytes), size: 5 };
  const app = repository("app", me);
  const pushed = await app.pushBlob(
    blob,
    async function* () {
      yield bytes;
    },
    { mountFrom: ["base"] },
  );
  expect(pushed.kind).toBe("mounted");
  await app.pushManifest("1", { mediaType: "x/y", bytes: Buffer.from("{}") });
  expect(server.asked.map((query) => query.getAll("scope"))).toEqual([
    ["repository:app:pull,push", "repository:base:pull"],
  ]);
  expect(server.asked[0]?.get("account")).toBe("me");
  expect(server.shown).toEqual([`Basic ${btoa("me:secret")}`]);
});

test("a token that the registry does not take any more is replaced, once for all who need it", async () => {
  const server = guardWithTokens(registry);
  registry.putManifest("app", "1", image);
  const app = repository("app", me);
  await app.resolve("1");
  server.withdrawn.add(`me|repository:app:pull|1`);
  await app.resolve("1");
  expect(server.asked).toHaveLength(2);
  registry.seen.length = 0;
  await Promise.all([app.resolve("1"), app.resolve("1")]);
  expect(registry.requests).toHaveLength(2);
});

test("a token is used for nine tenths of its life, and for a minute at least when nothing is said", async () => {
  for (const [life, seconds] of [
    [300, 270],
    [10, 54],
    [undefined, 54],
  ]) {
    const body = JSON.stringify({ access_token: "t", expires_in: life });
    const { staleAt } = await fetchToken(
      async ({ asked, method, url }) => ({
        response: new Response(body),
        url,
        asked: { ...asked, method, url: url.href },
        async *body() {
          yield Buffer.from(body);
        },
        discard: async () => {},
      }),
      {
        realm: { url: new URL("http://x/token"), service: "" },
        scopes: [],
        credentials: undefined,
        asked: { repository: "x" },
        method: "GET",
        url: new URL("http://x/v2/"),
      },
    );
    expect(Math.round((staleAt - performance.now()) / 1000)).toBe(seconds ?? 0);
  }
});

test("an identity token stands for the password, a registry token goes to the registry as it is", async () => {
  const server = guardWithTokens(registry);
  registry.putManifest("app", "1", image);
  await repository("app", { identityToken: "refresh" }).resolve("1");
  expect(Object.fromEntries(server.asked[0] ?? [])).toEqual({
    grant_type: "refresh_token",
    service: "test",
    client_id: "gantry",
    scope: "repository:app:pull",
    refresh_token: "refresh",
  });
  await repository("app", { registryToken: "me|repository:app:pull|x" }).resolve("1");
  expect(server.asked).toHaveLength(1);
  expect(await failureOf(repository("app", { identityToken: "stale" }).resolve("1"))).toMatchObject({
    kind: "unauthenticated",
  });
});

test("whom a registry sends us to cannot ask for its credentials", async () => {
  await using thief = await FakeRegistry.start();
  const server = guardWithTokens(thief);
  guardWithPassword();
  const guard = registry.fault;
  registry.fault = async (request, response) => {
    if (await guard(request, response)) return true;
    send(response, 307, "", { Location: `${thief.url}${request.url}` });
    return true;
  };
  expect(await failureOf(repository("app", me).manifest("1"))).toMatchObject({ status: 401 });
  expect(server.asked).toEqual([]);
  expect(thief.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
});

test("no secret is in any failure", async () => {
  const server = guardWithTokens(registry);
  server.realm = `${registry.url}/token?key=hidden`;
  const secret = { username: "me", password: "pa55word" };
  const failure = await failureOf(repository("app", secret).manifest("1"));
  const told = `${failure.message} ${JSON.stringify(failure)} ${Bun.inspect(failure.cause)}`;
  const broken = await failureOf(repository("app", { registryToken: "to\nken" }).manifest("1"));
  expect(`${broken.message} ${Bun.inspect(broken.cause)}`).not.toContain('ken"');
  expect(broken.message).toContain("the registry token: it is malformed");
  for (const word of ["pa55word", btoa("me:pa55word"), "hidden"]) expect(told).not.toContain(word);
});

test("a token server that answers nonsense, or is no URL, is told", async () => {
  const server = guardWithTokens(registry);
  registry.putManifest("public", "1", image);
  for (const answer of [
    "<html>",
    "{}",
    '{"token":""}',
    '{"token":7}',
    '{"token":"a\\nb"}',
    "x".repeat(2_000_000),
  ]) {
    const guard = registry.fault;
    registry.fault = (request, response) => {
      if (!request.url?.startsWith("/token")) return guard(request, response);
      send(response, 200, answer);
      return true;
    };
    expect(await failureOf(repository("public").resolve("1"))).toMatchObject({ name: "RegistryError" });
    registry.fault = guard;
  }
  for (const realm of ["", "file:///etc/passwd", "nowhere", "gopher://x"]) {
    server.realm = realm;
    expect((await failureOf(repository("public").resolve("1"))).message).toContain(
      "invalid token auth challenge realm",
    );
  }
});

test("a login tells whether the registry takes name and password, and gives its identity token", async () => {
  const client = testClient();
  const at = { ...me, serverAddress: registry.host };
  expect(await client.login(at)).toEqual({ status: "Login Succeeded", identityToken: "" });
  guardWithPassword();
  expect(await client.login({ ...at, serverAddress: `https://${registry.host}/v1/` })).toMatchObject({
    status: "Login Succeeded",
  });
  expect(await failureOf(client.login({ ...at, password: "wrong" }))).toMatchObject({
    kind: "unauthenticated",
    message: `login attempt to ${registry.url}/v2/ failed with status: 401 Unauthorized`,
  });
  const server = guardWithTokens(registry);
  expect(await client.login(at)).toEqual({ status: "Login Succeeded", identityToken: "refresh" });
  expect(String(server.asked[0])).toBe("service=test&account=me&client_id=gantry&offline_token=true");
  expect(await failureOf(client.login({ ...at, password: "wrong" }))).toMatchObject({
    kind: "unauthenticated",
    message: `Get "${registry.url}/v2/": unauthorized: incorrect username or password`,
  });
  expect((await failureOf(client.login({ serverAddress: registry.host }))).message).toContain("no user name");
  expect((await failureOf(client.login({ ...me, serverAddress: "a b" }))).message).toContain(
    "invalid registry address",
  );
});

test("a search asks Docker's search, else looks through the catalog", async () => {
  const client = testClient();
  registry.fault = (request, response) => {
    const url = new URL(request.url ?? "", registry.url);
    if (url.pathname !== "/v2/_catalog") return false;
    const last = url.searchParams.get("last");
    const repositories = last === null ? ["team/app", "base"] : ["team/apple", "app"];
    const link = last === null ? { Link: '</v2/_catalog?last=base&n=1000>; rel="next"' } : {};
    send(response, 200, JSON.stringify({ repositories }), link);
    return true;
  };
  const found = await client.search(`${registry.host}/App`);
  expect(found.map(({ name }) => name)).toEqual(
    ["team/app", "team/apple", "app"].map((name) => `${registry.host}/${name}`),
  );
  expect(await client.search(`${registry.host}/`, { limit: 2 })).toHaveLength(2);
  registry.fault = (request, response) => {
    if (!request.url?.startsWith("/v1/search?q=redis&n=25")) return false;
    const results = [
      { name: "redis", description: "fast", star_count: 9, is_official: true },
      { name: 7 },
      null,
    ];
    send(response, 200, JSON.stringify({ results }));
    return true;
  };
  expect(await client.search(`${registry.host}/redis`)).toEqual([
    { name: "redis", description: "fast", stars: 9, official: true },
  ]);
  expect((await failureOf(client.search("https://x/y"))).message).toContain("invalid repository name");
});
