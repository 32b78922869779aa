import { afterEach, beforeEach, expect, test } from "bun:test";
import { isKind } from "../base/index.ts";
import { mediaTypes } from "../oci/index.ts";
import { failureOf, testClient, withAnyLimit } from "./client.fixture.ts";
import { FakeRegistry, refusal, send, unknownDigest } from "./fake-registry.fixture.ts";
import type { Repository } from "./types.ts";

let registry: FakeRegistry;
let app: Repository;

beforeEach(async () => {
  registry = await FakeRegistry.start();
  app = testClient().repository(`${registry.host}/team/app`);
});
afterEach(() => registry[Symbol.asyncDispose]());

const image = { schemaVersion: 2, mediaType: mediaTypes.dockerManifest, layers: [] };

test("a tag resolves by its head alone, a manifest comes with the bytes of its digest", async () => {
  const descriptor = registry.putManifest("team/app", "1", image);
  expect(await app.resolve("1")).toEqual(descriptor);
  expect(await app.resolve(descriptor.digest)).toEqual(descriptor);
  expect(await app.manifest("1")).toEqual({ descriptor, bytes: Buffer.from(JSON.stringify(image)) });
  expect(registry.requests).toEqual([
    "HEAD /v2/team/app/manifests/1",
    `HEAD /v2/team/app/manifests/${descriptor.digest}`,
    "GET /v2/team/app/manifests/1",
  ]);
  expect(registry.seen.at(-1)?.headers).toMatchObject({
    "user-agent": "gantry/test",
    "accept-encoding": "identity",
    accept: expect.stringContaining(mediaTypes.dockerIndex),
  });
});

test("where a head says too little, the manifest itself is asked", async () => {
  const descriptor = registry.putManifest("team/app", "1", image);
  registry.fault = (request, response) => {
    if (request.method !== "HEAD" || request.url === "/v2/") return false;
    send(response, 200, "", { "Content-Type": "text/plain" });
    return true;
  };
  expect(await app.resolve("1")).toEqual(descriptor);
});

test("what a document says of itself counts before the header; without both its shape decides", async () => {
  const bare = registry.putManifest("team/app", "bare", { schemaVersion: 2, manifests: [] });
  registry.putManifest("team/app", "typed", image);
  registry.fault = (request, response) => {
    const found = registry.manifests.get(`team/app:${request.url?.split("/").at(-1)}`);
    if (!found || request.method !== "GET") return false;
    send(response, 200, found.bytes, { "Content-Type": "application/json; charset=utf-8" });
    return true;
  };
  expect((await app.manifest("bare")).descriptor).toEqual({ ...bare, mediaType: mediaTypes.ociIndex });
  expect((await app.manifest("typed")).descriptor.mediaType).toBe(mediaTypes.dockerManifest);
});

test("what is not there is told in Docker's words", async () => {
  const name = `${registry.host}/team/app`;
  const failure = await failureOf(app.resolve("no"));
  expect(isKind(failure, "not-found")).toBe(true);
  expect(failure).toMatchObject({
    message: `manifest for ${name}:no not found: manifest unknown: manifest unknown`,
    codes: ["MANIFEST_UNKNOWN"],
    status: 404,
  });
  expect((await failureOf(app.manifest(unknownDigest))).message).toBe(
    `manifest for ${name}@${unknownDigest} not found: manifest unknown: manifest unknown`,
  );
  registry.fault = (_request, response) => {
    send(response, 403, refusal("DENIED", "requested access to the resource is denied"));
    return true;
  };
  expect((await failureOf(app.manifest("1"))).message).toBe(
    `pull access denied for ${name}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
  );
  registry.fault = (_request, response) => {
    send(response, 404, refusal("NAME_UNKNOWN", "repository name not known to registry"));
    return true;
  };
  expect((await failureOf(app.manifest("1"))).message).toBe(
    `repository ${name} not found: name unknown: repository name not known to registry`,
  );
});

test("bytes of another digest are refused, whoever promised it", async () => {
  const descriptor = registry.putManifest("team/app", "1", image);
  registry.manifests.set(`team/app:${descriptor.digest}`, { mediaType: "x/y", bytes: Buffer.from("{}") });
  expect((await failureOf(app.manifest(descriptor.digest))).message).toBe(
    `manifest verification failed for digest ${descriptor.digest}`,
  );
  registry.fault = (request, response) => {
    if (request.method !== "GET" || request.url === "/v2/") return false;
    send(response, 200, "{}", { "Docker-Content-Digest": descriptor.digest, "Content-Type": "x/y" });
    return true;
  };
  expect((await failureOf(app.manifest("1"))).message).toContain("manifest verification failed");
});

test("schema 1, no JSON, and a manifest without end are refused", async () => {
  registry.putManifest("team/app", "old", { schemaVersion: 1, name: "team/app", fsLayers: [] });
  expect((await failureOf(app.manifest("old"))).message).toContain("schema 1, which is not supported");
  registry.putManifest("team/app", "signed", {
    mediaType: "application/vnd.docker.distribution.manifest.v1+prettyjws",
  });
  expect((await failureOf(app.resolve("signed"))).message).toContain("schema 1, which is not supported");
  registry.manifests.set("team/app:text", {
    mediaType: mediaTypes.ociManifest,
    bytes: Buffer.from("<html>"),
  });
  expect((await failureOf(app.manifest("text"))).message).toContain("no JSON object");
  const odd = Buffer.from(JSON.stringify({ mediaType: "a/b\r\nX-Evil: 1" }));
  registry.manifests.set("team/app:odd", { mediaType: mediaTypes.ociManifest, bytes: odd });
  expect((await failureOf(app.manifest("odd"))).message).toContain("its media type is malformed");
  let sent = 0;
  registry.fault = (request, response) => {
    if (request.method !== "GET" || request.url === "/v2/") return false;
    response.writeHead(200, { "Content-Type": mediaTypes.ociManifest });
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65536, " "))) sent += 65536;
    };
    response.on("drain", more);
    more();
    return true;
  };
  expect((await failureOf(app.manifest("endless"))).message).toContain("more than 4194304 bytes");
  expect(sent).toBeLessThan(32 * 1024 ** 2);
});

test("what could lead elsewhere in a path is no tag", async () => {
  for (const tag of ["", "../../x", "a/b", "a?b", "a b", "x".repeat(129), "sha256:abc"]) {
    expect((await failureOf(app.resolve(tag))).message).toContain("invalid tag format");
  }
  expect(registry.seen).toEqual([]);
  expect(() => testClient().repository("host:1/UPPER")).toThrow("must be lowercase");
  expect(() => testClient().repository("host:1/app:tag")).toThrow("it has a tag or a digest");
});

test("busy registries are asked again, as late as they want; others not", async () => {
  const descriptor = registry.putManifest("team/app", "1", image);
  const answers = [
    [503, ""],
    [429, refusal("TOOMANYREQUESTS", "slow down")],
    [500, "<html>"],
  ] as const;
  let at = 0;
  registry.fault = (request, response) => {
    const answer = request.url === "/v2/" ? undefined : answers[at++];
    if (!answer) return false;
    send(response, answer[0], answer[1], { "Retry-After": "0" });
    return true;
  };
  expect((await app.manifest("1")).descriptor).toEqual(descriptor);
  expect(at).toBe(4);

  registry.seen.length = 0;
  registry.fault = (request, response) => {
    if (request.url === "/v2/") return false;
    send(response, 429, refusal("TOOMANYREQUESTS", "come back\u001b[2J\ntomorrow"), {
      "Retry-After": "86400",
    });
    return true;
  };
  expect((await failureOf(app.manifest("1"))).message).toBe("toomanyrequests: come back [2J tomorrow");
  expect(registry.requests).toHaveLength(1);

  registry.seen.length = 0;
  registry.fault = (_request, response) => {
    send(response, 400, refusal("NAME_INVALID", "invalid repository name"));
    return true;
  };
  expect((await failureOf(app.manifest("1"))).message).toBe("name invalid: invalid repository name");
  expect(registry.requests).toHaveLength(1);

  registry.seen.length = 0;
  registry.fault = (request, response) => {
    if (request.url === "/v2/") return false;
    response.writeHead(502, { "Content-Type": "text/html" });
    const more = (): void => {
      while (!response.destroyed && response.write(`<html>${"bad gateway ".repeat(1000)}`));
    };
    response.on("drain", more);
    more();
    return true;
  };
  expect((await failureOf(app.manifest("1"))).message).toBe(
    "received unexpected HTTP status: 502 Bad Gateway",
  );
  expect(registry.requests).toHaveLength(4);
});

test("nobody is waited for who does not listen or does not answer", async () => {
  registry.fault = (request) => request.url !== "/v2/";
  await withAnyLimit(async (limit) => {
    const before = registry.requests.length;
    const silent = testClient({ limits: { header: limit, tries: 2 } }).repository(`${registry.host}/app`);
    expect((await failureOf(silent.manifest("1"))).message).toBe(
      `Get "${registry.url}/v2/app/manifests/1": net/http: timeout awaiting response headers`,
    );
    expect(registry.requests.length - before).toBe(1);
  });
  const { host } = registry;
  await registry[Symbol.asyncDispose]();
  expect((await failureOf(testClient().repository(`${host}/app`).manifest("1"))).message).toBe(
    `Get "http://${host}/v2/": dial tcp ${host}: connect: connection refused`,
  );
  registry = await FakeRegistry.start();
});

test("giving up ends a request at once, and its reason is what is thrown", async () => {
  registry.fault = (request) => request.url !== "/v2/";
  const controller = new AbortController();
  const work = app.manifest("1", { signal: controller.signal });
  while (registry.requests.length === 0) await Bun.sleep(1);
  controller.abort(new Error("enough"));
  expect((await failureOf(work)).message).toBe("enough");
  const waiting = new AbortController();
  registry.fault = (request, response) => {
    if (request.url === "/v2/") return false;
    send(response, 503, "", { "Retry-After": "1000" });
    setTimeout(() => waiting.abort(new Error("enough waiting")), 5);
    return true;
  };
  const patient = testClient({ limits: { longestWait: 1_000_000 } }).repository(`${registry.host}/team/app`);
  expect((await failureOf(patient.manifest("1", { signal: waiting.signal }))).message).toBe("enough waiting");
});

test("tags come page by page, and pages that go round are noticed", async () => {
  registry.fault = (request, response) => {
    const url = new URL(request.url ?? "", registry.url);
    if (!url.pathname.endsWith("/tags/list")) return false;
    const last = url.searchParams.get("last");
    const next = last === null ? "b" : last === "b" ? "d" : undefined;
    const tags = last === null ? ["a", "b"] : last === "b" ? ["c", "d"] : ["e", 7, "../x", "a\u001b"];
    const link = next ? { Link: `</v2/team/app/tags/list?last=${next}&n=2>; rel="next"` } : {};
    send(response, 200, JSON.stringify({ name: "team/app", tags }), link);
    return true;
  };
  expect(await Array.fromAsync(app.tags())).toEqual(["a", "b", "c", "d", "e"]);
  registry.fault = (request, response) => {
    if (!request.url?.includes("/tags/list")) return false;
    send(response, 200, '{"tags":null}', { Link: '<?last=x>; rel="next"' });
    return true;
  };
  expect((await failureOf(Array.fromAsync(app.tags()))).message).toContain("pages never end");
});
