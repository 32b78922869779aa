import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collect, failureOf, testClient } from "./client.fixture.ts";
import { FakeRegistry, send } from "./fake-registry.fixture.ts";
import { createReach } from "./reach.ts";

let registry: FakeRegistry;
let other: FakeRegistry;
const image = { schemaVersion: 2, layers: [] };
const bytes = crypto.getRandomValues(new Uint8Array(50_000));
const me = { username: "me", password: "secret" };

beforeEach(async () => {
  registry = await FakeRegistry.start();
  other = await FakeRegistry.start();
});
afterEach(async () => {
  await registry[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

/** Asks for a password everywhere, and notes what is shown. */
function guard(one: FakeRegistry): void {
  const serve = one.fault;
  one.fault = (request, response) => {
    if (request.headers.authorization) return serve(request, response);
    send(response, 401, "", { "WWW-Authenticate": 'Basic realm="x"' });
    return true;
  };
}
const shown = (one: FakeRegistry) => one.seen.map(({ headers }) => headers.authorization).filter(Boolean);

test("a blob that lies elsewhere is fetched from there, and no credentials go along", async () => {
  const descriptor = other.putBlob("store", bytes);
  registry.fault = (request, response) => {
    if (!request.url?.includes("/blobs/")) return false;
    send(response, 307, "", { Location: `${other.url}/v2/store/blobs/${descriptor.digest}` });
    return true;
  };
  guard(registry);
  const app = testClient().repository(`${registry.host}/app`, { credentials: me });
  expect(await collect(app.blob(descriptor))).toEqual(Buffer.from(bytes));
  expect(await collect(app.blob(descriptor, { offset: 49_000 }))).toEqual(
    Buffer.from(bytes.subarray(49_000)),
  );
  expect(shown(registry).length).toBeGreaterThan(0);
  expect(shown(other)).toEqual([]);
  expect(other.seen.at(-1)?.headers.range).toBe("bytes=49000-");
});

test("a redirect within the registry keeps the credentials", async () => {
  const descriptor = registry.putBlob("app", bytes);
  registry.fault = (request, response) => {
    if (!request.url?.startsWith("/v2/old/")) return false;
    send(response, 302, "", { Location: `../../app/blobs/${descriptor.digest}` });
    return true;
  };
  guard(registry);
  const old = testClient().repository(`${registry.host}/old`, { credentials: me });
  expect(await collect(old.blob(descriptor))).toEqual(Buffer.from(bytes));
});

test("redirects come to an end, and lead to HTTP alone", async () => {
  let target = "?again";
  registry.fault = (request, response) => {
    if (request.url === "/v2/") return false;
    send(response, 301, "", { Location: target });
    return true;
  };
  const app = testClient().repository(`${registry.host}/app`);
  expect((await failureOf(app.manifest("1"))).message).toContain("stopped after 10 redirects");
  expect(registry.requests).toHaveLength(10);
  target = "file:///etc/passwd";
  expect((await failureOf(app.manifest("1"))).message).toContain('unsupported protocol scheme "file"');
});

test("mirrors are asked first, in turn; the registry is asked when none has it", async () => {
  const descriptor = registry.putManifest("team/app", "1", image);
  other.putManifest("team/app", "2", image);
  const mirrors = { [registry.host]: ["http://127.0.0.1:1", other.url] };
  const app = testClient({ mirrors }).repository(`${registry.host}/team/app`);
  expect(await app.resolve("2")).toEqual(descriptor);
  expect(registry.seen).toEqual([]);
  expect(other.requests).toEqual([`HEAD /v2/team/app/manifests/2?ns=${encodeURIComponent(registry.host)}`]);
  expect(await app.resolve("1")).toEqual(descriptor);
  expect(registry.requests).toEqual(["HEAD /v2/team/app/manifests/1"]);
});

test("a mirror never sees credentials, pushes or a lie that is believed", async () => {
  const descriptor = registry.putManifest("app", "1", image);
  guard(registry);
  guard(other);
  const mirrors = { [registry.host]: [other.url] };
  const app = testClient({ mirrors }).repository(`${registry.host}/app`, { credentials: me });
  expect(await app.resolve("1")).toEqual(descriptor);
  other.fault = (_request, response) => {
    send(response, 200, "{}", { "Content-Type": "x/y" });
    return true;
  };
  expect((await app.manifest(descriptor.digest)).descriptor).toEqual(descriptor);
  expect(shown(other)).toEqual([]);
  other.seen.length = 0;
  const blob = { mediaType: "x/y", digest: descriptor.digest, size: descriptor.size };
  await app.pushBlob(blob, async function* () {
    yield Buffer.from(JSON.stringify(image));
  });
  await app.pushManifest("3", { mediaType: "x/y", bytes: Buffer.from("{}") });
  expect(other.seen).toEqual([]);
});

test("a blob that a mirror breaks off is finished by the registry", async () => {
  const descriptor = registry.putBlob("app", bytes);
  let last: ServerResponse | undefined;
  other.fault = (_request, response) => {
    response.writeHead(200, { "Content-Length": String(bytes.length) });
    response.write(bytes.subarray(0, 30_000));
    last = response;
    return true;
  };
  const app = testClient({ mirrors: { [registry.host]: [other.url] } }).repository(`${registry.host}/app`);
  const got: Uint8Array[] = [];
  for await (const chunk of app.blob(descriptor)) {
    got.push(chunk);
    if (Buffer.concat(got).length === 30_000) last?.destroy();
  }
  expect(Buffer.concat(got)).toEqual(Buffer.from(bytes));
  expect(registry.seen.at(-1)?.headers.range).toBe("bytes=30000-");
});

test("a mirror may lie below a path, and stands for Docker Hub without naming it", async () => {
  other.fault = (request, response) => {
    if (!request.url?.startsWith("/proxy/v2/library/redis/manifests/7")) return false;
    send(response, 200, "{}", { "Content-Type": "x/y" });
    return true;
  };
  const client = testClient({ mirrors: { "docker.io": [`${other.url}/proxy`] } });
  await client.repository("docker.io/library/redis").manifest("7");
  expect(other.requests).toEqual(["GET /proxy/v2/library/redis/manifests/7"]);
});

test("other hosts than loopback are asked through the proxy", async () => {
  other.fault = (request, response) => {
    if (!request.url?.startsWith("http://registry.test/v2/")) return false;
    send(response, 200, "{}", { "Content-Type": "x/y" });
    return true;
  };
  // The handshake of HTTPS is a CONNECT, which this proxy does not take.
  const client = testClient({ insecure: ["registry.test"], proxy: { http: other.url, https: other.url } });
  await client.repository("registry.test/app").manifest("1");
  const dead = testClient({ proxy: { https: "http://127.0.0.1:1" } });
  expect((await failureOf(dead.repository("registry.test/app").manifest("1"))).message).toBe(
    'Get "https://registry.test/v2/app/manifests/1": proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused',
  );
  expect(other.requests).toContain("GET http://registry.test/v2/app/manifests/1");
});

test("plain HTTP and unchecked certificates are for loopback and hosts named so, by name, port, address or range", async () => {
  const reach = createReach(
    {
      mirrors: {},
      insecure: ["plain.test", "port.test:5000", "10.0.0.0/8", "192.168.1.1"],
      certificates: [],
      proxy: {},
      userAgent: "",
    },
    () => ["root"],
  );
  const insecure = (host: string): Promise<boolean> => reach.insecure(host);
  for (const host of [
    "localhost:5000",
    "127.0.0.5",
    "[::1]:80",
    "plain.test",
    "plain.test:1",
    "port.test:5000",
  ]) {
    expect([host, await insecure(host)]).toEqual([host, true]);
  }
  for (const host of ["10.9.8.7:1", "192.168.1.1:5000"])
    expect([host, await insecure(host)]).toEqual([host, true]);
  for (const host of ["port.test", "port.test:5001", "11.0.0.1", "192.168.1.2", "no.such.host.invalid"]) {
    expect([host, await insecure(host)]).toEqual([host, false]);
  }
  expect(await reach.tls("plain.test")).toEqual({ rejectUnauthorized: false });
  expect(await reach.tls("11.0.0.1")).toEqual({ ca: ["root"] });
});

test("half a client certificate, or a file that holds none, is told and not passed over", async () => {
  const directory = mkdtempSync(join(tmpdir(), "gantry-certs-"));
  try {
    const place = join(directory, registry.host);
    mkdirSync(place);
    const app = () =>
      testClient({ certificates: ["/nowhere", directory] }).repository(`${registry.host}/app`);
    writeFileSync(join(place, "me.cert"), "");
    expect((await failureOf(app().manifest("1"))).message).toContain(
      "missing key me.key for client certificate me.cert",
    );
    rmSync(join(place, "me.cert"));
    writeFileSync(join(place, "me.key"), "");
    expect((await failureOf(app().manifest("1"))).message).toContain(
      "missing client certificate me.cert for key me.key",
    );
    rmSync(join(place, "me.key"));
    writeFileSync(join(place, "ca.crt"), "nonsense");
    expect((await failureOf(app().manifest("1"))).message).toContain("there is no certificate in it");
  } finally {
    rmSync(directory, { recursive: true });
  }
});
