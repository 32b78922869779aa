import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "../../src/base/index.ts";
import { FakeRegistry, send } from "../../src/registry/fake-registry.fixture.ts";
import { call } from "./api-client.ts";
import { archive } from "./archive.ts";
import { type ConnectProxy, startConnectProxy } from "./connect-proxy.ts";
import { dockerVersion } from "./docker-program.ts";
import { startEngine, type TestEngine } from "./harness.ts";
import { startRegistry, type TestRegistry } from "./registry.ts";

let open: TestRegistry;
let guarded: TestRegistry;
let mutual: TestRegistry;
let proxy: FakeRegistry;
let tunnel: ConnectProxy;
let tokens: TestRegistry;
let engine: TestEngine;
const secret = "s:e cret";

beforeAll(async () => {
  [open, guarded, mutual, proxy, tokens] = await Promise.all([
    startRegistry(),
    startRegistry({ tls: true, users: { me: secret } }),
    startRegistry({ clientCertificates: true }),
    FakeRegistry.start(),
    startRegistry({ tokens: true }),
  ]);
  const port = Number(mutual.host.split(":")[1]);
  tunnel = await startConnectProxy({ "registry.test:443": port, "other.test:443": port });
  for (const name of ["registry.test", "other.test"]) {
    cpSync(join(mutual.certificates, mutual.host), join(mutual.certificates, name), { recursive: true });
  }
  engine = await startEngine({
    image: false,
    arguments: [
      ...["--registry-certs", guarded.certificates, "--registry-certs", mutual.certificates],
      ...["--registry-mirror", `mirrored.test=http://${open.host}`],
      ...["--insecure-registry", "proxied.test"],
    ],
    env: { HTTP_PROXY: proxy.url, HTTPS_PROXY: tunnel.url },
  });
  await engine.ok(["import", "-", "small"], { stdin: await archive([{ name: "file", text: "small" }]) });
});

afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
  for (const one of [open, guarded, mutual, proxy, tunnel, tokens]) await one?.[Symbol.asyncDispose]();
});

/** Pushes the small image to a name and forgets it; gives the digest that the push told. */
async function push(name: string): Promise<string> {
  await engine.ok(["tag", "small", name]);
  const told = await engine.ok(["push", name]);
  await engine.ok(["rmi", name]);
  return /digest: (sha256:[0-9a-f]{64})/.exec(told)?.[1] ?? told;
}

const login = (server: string, word: string) =>
  engine.docker(["login", "-u", "me", "--password-stdin", server], { stdin: `${word}\n` });

test("a registry over TLS with passwords lets in who has logged in, and nobody else", async () => {
  const name = `${guarded.host}/team/app:1`;
  const refused = await engine.docker(["pull", name]);
  expect(refused.stderr).toMatch(
    /^Error response from daemon: \w+ "https:.*\/1": no basic auth credentials\n$/,
  );
  expect((await login(guarded.host, "wrong")).stderr).toContain(
    `login attempt to https://${guarded.host}/v2/ failed with status: 401 Unauthorized`,
  );
  expect((await login(guarded.host, secret)).stdout).toContain("Login Succeeded");
  const digest = await push(name);
  expect(await engine.ok(["pull", "-q", name])).toContain(name);
  expect(await engine.inspect(name, "{{index .RepoDigests 0}}")).toBe(`${guarded.host}/team/app@${digest}`);
  expect(await engine.gantryOk(["logout", guarded.host])).toBe(
    `Removing login credentials for ${guarded.host}`,
  );
  expect((await engine.docker(["pull", name])).stderr).toContain("no basic auth credentials");
});

test("both command lines share logins, whose file is for its owner alone", async () => {
  const file = join(engine.environment().DOCKER_CONFIG ?? "", "config.json");
  const args = ["login", "--username", "me", "--password-stdin", guarded.host];
  const told = await engine.gantry(args, { stdin: secret });
  expect(told).toMatchObject({ code: 0, stdout: "Login Succeeded\n" });
  expect(told.stderr).toContain(`Your credentials are stored unencrypted in '${file}'`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await engine.docker(["login", guarded.host])).stdout).toContain("Login Succeeded");
  expect(await engine.ok(["search", `${guarded.host}/team`])).toContain(`${guarded.host}/team/app`);
  await engine.ok(["logout", guarded.host]);
  expect(JSON.parse(readFileSync(file, "utf8")).auths).toEqual({});
  expect(await engine.gantry(["login", guarded.host])).toMatchObject({
    code: 1,
    stderr: "Error: Cannot perform an interactive login from a non TTY device\n",
  });
  expect(await engine.gantry([...args, "-p", "x"])).toMatchObject({ code: 1 });
  expect(engine.log).not.toContain(secret);
});

test("a terminal is asked for name and password, and shows only the name", async () => {
  await using terminal = engine.gantryTerminal(["login", guarded.host]);
  await terminal.until("Username: ");
  terminal.type("me\r");
  await terminal.until("Password: ");
  terminal.type(`${secret}\r`);
  await terminal.until("Login Succeeded");
  expect(terminal.text).toContain("Username: me");
  expect(terminal.text.split("Password: ")[1]).not.toContain("cret");
  await engine.gantryOk(["logout", guarded.host]);
});

test("a registry that wants to know its clients is shown the certificate that lies ready for it", async () => {
  const name = `${mutual.host}/app`;
  const digest = await push(name);
  expect(await engine.ok(["pull", `${name}@${digest}`])).toContain(digest);
  const place = join(mutual.certificates, mutual.host);
  const kept = ["ca.crt", "client.cert"].map(
    (name) => [join(place, name), readFileSync(join(place, name))] as const,
  );
  try {
    writeFileSync(join(place, "ca.crt"), readFileSync(join(guarded.certificates, guarded.host, "ca.crt")));
    expect((await engine.docker(["pull", name])).stderr).toContain(
      "tls: failed to verify certificate: x509: certificate signed by unknown authority",
    );
    rmSync(join(place, "client.cert"));
    expect((await engine.docker(["pull", name])).stderr).toContain("missing client certificate client.cert");
  } finally {
    for (const [path, bytes] of kept) writeFileSync(path, bytes);
  }
});

test("plain HTTP is enough on loopback, and failures are told in Docker's words", async () => {
  await push(`${open.host}/plain:1`);
  expect((await engine.docker(["pull", `${open.host}/plain:2`])).stderr.trim()).toBe(
    `Error response from daemon: manifest for ${open.host}/plain:2 not found: manifest unknown: manifest unknown`,
  );
  expect((await engine.docker(["pull", "127.0.0.1:1/app"])).stderr.trim()).toBe(
    'Error response from daemon: Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
  );
});

test("a token server is asked for exactly what is needed, with what the login gave", async () => {
  const asked = tokens.tokenServer?.asked ?? [];
  expect((await login(tokens.host, "wrong")).stderr).toContain(
    "unauthorized: incorrect username or password",
  );
  expect((await login(tokens.host, "secret")).stdout).toContain("Login Succeeded");
  const file = join(engine.environment().DOCKER_CONFIG ?? "", "config.json");
  expect(JSON.parse(readFileSync(file, "utf8")).auths[tokens.host]).toMatchObject({
    identitytoken: "refresh",
  });
  asked.length = 0;
  const digest = await push(`${tokens.host}/private/app:1`);
  expect(await engine.ok(["pull", `${tokens.host}/private/app:1`])).toContain(digest);
  expect(await push(`${tokens.host}/public/app:1`)).toBe(digest);
  expect([...new Set(asked.map(({ way }) => way))]).toEqual(["refresh_token"]);
  const scopes = asked.map((one) => one.scopes);
  expect(scopes.slice(0, 2)).toEqual(["repository:private/app:pull,push", "repository:private/app:pull"]);
  // The layers are taken over from where they have been pushed to.
  expect(scopes.at(-1)).toBe("repository:public/app:pull,push repository:private/app:pull");
  expect(await engine.ok(["search", `${tokens.host}/app`])).toContain(`${tokens.host}/private/app`);
  await engine.ok(["logout", tokens.host]);
  asked.length = 0;
  expect(await engine.ok(["pull", `${tokens.host}/public/app:1`])).toContain(digest);
  expect(asked).toEqual([{ way: "nobody", scopes: "repository:public/app:pull" }]);
  expect((await engine.docker(["pull", `${tokens.host}/private/app:1`])).stderr.trim()).toBe(
    `Error response from daemon: pull access denied for ${tokens.host}/private/app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
  );
});

test("a mirror stands in for a registry that cannot be reached", async () => {
  const digest = await push(`${open.host}/team/app:1`);
  expect(await engine.ok(["pull", "mirrored.test/team/app:1"])).toContain(digest);
  const info = JSON.parse(await engine.ok(["info", "--format", "{{json .RegistryConfig}}"]));
  expect(info.IndexConfigs["mirrored.test"].Mirrors).toEqual([`http://${open.host}/`]);
  expect(info.IndexConfigs["proxied.test"].Secure).toBe(false);
});

test("other machines are asked through the proxy of the environment, loopback never", async () => {
  const manifest = JSON.stringify({ schemaVersion: 2, manifests: [] });
  proxy.fault = (request, response) => {
    if (!request.url?.startsWith("http://proxied.test/v2/")) return false;
    send(response, 200, manifest, { "Content-Type": "application/vnd.oci.image.index.v1+json" });
    return true;
  };
  const { body } = await call(engine, "GET", "/distribution/proxied.test/app/json");
  expect(body).toEqual({
    Descriptor: {
      mediaType: "application/vnd.oci.image.index.v1+json",
      digest: digestOf(manifest),
      size: manifest.length,
    },
    Platforms: [],
  });
  expect(proxy.seen.filter(({ path }) => path.includes("127.0.0.1"))).toEqual([]);
});

test("a tunnel through a proxy ends at the registry that was meant, shown by its certificate", async () => {
  const digest = await push(`${mutual.host}/tunnel:1`);
  expect(await engine.ok(["pull", "registry.test/tunnel:1"])).toContain(digest);
  expect(tunnel.asked).toContain("registry.test:443");
  expect((await engine.docker(["pull", "other.test/tunnel:1"])).stderr).toContain(
    "tls: failed to verify certificate: x509: certificate is not valid for other.test",
  );
  expect((await engine.docker(["pull", "unknown.test/tunnel:1"])).stderr).toContain(
    "Proxy refused to open a tunnel: 502 Bad Gateway",
  );
  expect(tunnel.asked.filter((target) => target.startsWith("127."))).toEqual([]);
});

test("manifest lists are made, annotated and pushed as Docker's command line does, to the byte", async () => {
  const [one, two] = [`${open.host}/list/one`, `${open.host}/list/two`];
  await push(one);
  await push(two);
  const list = `${open.host}/list/all:1`;
  expect(await engine.gantryOk(["manifest", "create", list, one, two])).toBe(`Created manifest list ${list}`);
  expect((await engine.gantry(["manifest", "create", list, one])).stderr).toBe(
    "refusing to amend an existing manifest list with no --amend flag\n",
  );
  const annotation = ["--arch", "arm64", "--variant", "v8", "--os-features", "a,b"];
  await engine.gantryOk(["manifest", "annotate", list, two, ...annotation]);
  expect((await engine.gantry(["manifest", "annotate", list, two, "--os", "beos"])).stderr).toBe(
    "manifest entry for image has unsupported os/arch combination: beos/arm64\n",
  );
  const local = await engine.ok(["manifest", "inspect", list]);
  expect(await engine.gantryOk(["manifest", "inspect", list])).toBe(local);
  const digest = digestOf(local);
  const pushed = await engine.gantryOk(["manifest", "push", "--purge", list]);
  expect(pushed.split("\n").at(-1)).toBe(digest);
  expect((await engine.gantry(["manifest", "push", list])).stderr).toBe(`No such manifest: ${list}\n`);
  const verbose = ["manifest", "inspect", "--insecure", "-v", list];
  // Before version 23 the docker command line knows no OCI manifests.
  if (dockerVersion >= 23) expect(await engine.gantryOk(verbose)).toBe(await engine.ok(verbose));
  expect(JSON.parse(local).manifests[1].platform).toEqual({
    architecture: "arm64",
    os: "linux",
    "os.features": ["a", "b"],
    variant: "v8",
  });
  expect((await engine.gantry(["manifest", "create", `${list}x`, list])).stderr).toBe(
    `${list} is a manifest list\n`,
  );
});
