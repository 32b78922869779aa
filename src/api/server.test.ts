import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EngineError, silentLogger } from "../base/index.ts";
import { bridge } from "./bridge.ts";
import { empty, json, readJson } from "./call.ts";
import { full, text, whole } from "./decode.ts";
import { progress } from "./progress.ts";
import { type Route, Router, route } from "./routes.ts";
import { type Serving, serve } from "./server.ts";

let directory = "";
let path = "";
let serving: Serving;
const gone: string[] = [];

const routes: Route[] = [
  route("GET", "/_ping", () => ({ kind: "text", status: 200, body: "OK" })),
  route("HEAD", "/_ping", () => ({ kind: "text", status: 200, body: "" })),
  route("GET", "/images/{name...}/json", (call) => json({ name: call.params.name, version: call.version })),
  route("POST", "/things", async (call) =>
    json(await readJson(call, full({ Name: text, Size: whole })), 201),
  ),
  route("POST", "/fail/{kind}", (call) => {
    if (call.params.kind === "bug") throw new TypeError("oops");
    throw new EngineError(call.params.kind === "304" ? "not-modified" : "conflict", "No way", {
      subject: "x",
    });
  }),
  route("POST", "/progress", () =>
    progress(async (report) => {
      report({ stream: "one" });
      throw new EngineError("invalid", "broken halfway", { subject: "x" });
    }),
  ),
  route("POST", "/count", async (call) => {
    let size = 0;
    for await (const chunk of call.body) size += chunk.length;
    return json({ size });
  }),
  route("GET", "/forever", (call) => ({
    kind: "stream",
    contentType: "text/plain",
    chunks: (async function* () {
      yield "first\n";
      await new Promise<void>((resolve) => call.signal.addEventListener("abort", () => resolve()));
      gone.push("forever");
    })(),
  })),
  route("POST", "/echo", (call) => {
    const upstream = connect(join(directory, "echo.sock"));
    upstream.once("connect", () => {
      const client = call.hijack("application/vnd.docker.raw-stream");
      void bridge(client, upstream, {
        tty: true,
        stdin: true,
        stdout: true,
        stderr: true,
        detachKeys: Uint8Array.of(16, 17),
      }).then((end) => gone.push(end));
    });
    return { kind: "taken" };
  }),
  route("DELETE", "/things", () => empty()),
];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "gantry-api-"));
  path = join(directory, "api.sock");
  gone.length = 0;
  const needs = { router: new Router(routes), log: silentLogger, engineVersion: "1.2.3" };
  serving = await serve(needs, { hosts: [`unix://${path}`], allowInsecureTcp: false });
});
afterEach(async () => {
  await serving.close();
  rmSync(directory, { recursive: true, force: true });
});

const ask = (target: string, init: RequestInit = {}) =>
  fetch(`http://engine${target}`, { ...init, unix: path });
const messageOf = async (response: Response) => ((await response.json()) as { message: string }).message;

test("the socket belongs to those who may be root", () => {
  expect(statSync(path).mode & 0o007).toBe(0);
});

test("every answer carries Docker's headers", async () => {
  const response = await ask("/_ping");
  expect(await response.text()).toBe("OK");
  expect(response.headers.get("server")).toBe("Docker/1.2.3 (linux)");
  expect(response.headers.get("api-version")).toBe("1.51");
  expect(response.headers.get("ostype")).toBe("linux");
  const head = await ask("/_ping", { method: "HEAD" });
  expect(head.headers.get("content-length")).toBe("0");
});

test("versions outside the range are refused in Docker's words", async () => {
  expect(await messageOf(await ask("/v1.12/_ping"))).toContain(
    "client version 1.12 is too old. Minimum supported",
  );
  const late = await ask("/v1.99/_ping");
  expect(late.status).toBe(400);
  expect(await messageOf(late)).toBe("client version 1.99 is too new. Maximum supported API version is 1.51");
  expect(await (await ask("/v1.24/images/a/b:c/json")).json()).toEqual({ name: "a/b:c", version: 124 });
  expect(await (await ask("/images/a%2Fb/json")).json()).toEqual({ name: "a/b", version: 151 });
});

test("unknown pages, bad JSON and wrong types are told in Docker's words", async () => {
  const missing = await ask("/nowhere");
  expect([missing.status, await messageOf(missing)]).toEqual([404, "page not found"]);
  const post = (body: string, type = "application/json") =>
    ask("/things", { method: "POST", body, headers: { "content-type": type } });
  expect(await messageOf(await post("{"))).toContain("invalid JSON");
  expect(await messageOf(await post(""))).toContain("got EOF while reading request body");
  expect(await messageOf(await post("{}", "text/plain"))).toContain(
    "unsupported Content-Type header (text/plain)",
  );
  expect(await messageOf(await post('{"Name":5}'))).toBe(
    "invalid JSON: json: cannot unmarshal number into Go struct field Name of type string",
  );
  expect(await (await post('{"Size":3,"Else":[]}')).json()).toEqual({ Name: "", Size: 3 });
});

test("failures become statuses by their kind, bugs become 500 and the server lives on", async () => {
  const conflict = await ask("/fail/conflict", { method: "POST" });
  expect([conflict.status, await messageOf(conflict)]).toEqual([409, "No way"]);
  const bug = await ask("/fail/bug", { method: "POST" });
  expect([bug.status, await messageOf(bug)]).toEqual([500, "oops"]);
  const same = await ask("/fail/304", { method: "POST" });
  expect([same.status, await same.text()]).toEqual([304, ""]);
  expect((await ask("/things", { method: "DELETE" })).status).toBe(204);
});

test("a failure after the first progress arrives in band", async () => {
  const response = await ask("/progress", { method: "POST" });
  const lines = (await response.text()).trim().split("\r\n");
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
    { stream: "one" },
    { errorDetail: { message: "broken halfway" }, error: "broken halfway" },
  ]);
});

test("large bodies stream through", async () => {
  const body = new Uint8Array(20 * 1024 * 1024);
  const response = await ask("/count", { method: "POST", body });
  expect(await response.json()).toEqual({ size: body.length });
});

test("a handler learns that its client is gone", async () => {
  const client = connect(path);
  client.write("GET /forever HTTP/1.1\r\nHost: x\r\n\r\n");
  await readUntil(client, "first");
  client.destroy();
  while (gone.length === 0) await Bun.sleep(1);
  expect(gone).toEqual(["forever"]);
  expect((await ask("/_ping")).status).toBe(200);
});

test("a hijacked client half-closes and still gets the rest of the output", async () => {
  await using upstream = await listenEcho();
  const client = connect({ path, allowHalfOpen: true });
  client.write(
    "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n",
  );
  const head = await readUntil(client, "\r\n\r\n");
  expect(head).toStartWith("HTTP/1.1 101 UPGRADED\r\n");
  expect(head).toContain("Content-Type: application/vnd.docker.raw-stream\r\n");
  client.write("hello");
  expect(await readUntil(client, "hello")).toBe("hello");
  client.end();
  expect(await readUntil(client, "bye")).toContain("bye");
  await closed(client);
  expect(upstream.ended).toBe(1);
});

test("a client without upgrade gets 200 and raw bytes", async () => {
  await using _upstream = await listenEcho();
  const response = await ask("/echo", { method: "POST", body: "some input" });
  expect(response.status).toBe(200);
  expect(await response.text()).toBe("some inputbye");
});

test("detach keys let the client go", async () => {
  await using _upstream = await listenEcho();
  const client = connect({ path, allowHalfOpen: true });
  client.write("POST /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
  await readUntil(client, "\r\n\r\n");
  client.write(Uint8Array.of(97, 16));
  expect(await readUntil(client, "a")).toBe("a");
  client.write(Uint8Array.of(17));
  await closed(client);
  expect(gone).toEqual(["detached"]);
});

test("TCP is refused unless it is loopback and asked for", async () => {
  const needs = { router: new Router([]), log: silentLogger, engineVersion: "1" };
  const attempt = (host: string, allowInsecureTcp: boolean) =>
    serve(needs, { hosts: [host], allowInsecureTcp });
  expect(attempt("tcp://127.0.0.1:0", false)).rejects.toThrow("--allow-insecure-tcp");
  expect(attempt("tcp://0.0.0.0:0", true)).rejects.toThrow("loopback only");
  expect(attempt("fd://", true)).rejects.toThrow("Cannot listen");
  expect(attempt(`unix://${path}`, false)).rejects.toThrow("another process serves it");
  await (await attempt("tcp://127.0.0.1:0", true)).close();
});

/** Echoes what it reads; at the end of input it says bye and closes. */
async function listenEcho(): Promise<AsyncDisposable & { ended: number }> {
  const { createServer } = await import("node:net");
  const state = { ended: 0 };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("data", (chunk) => socket.write(chunk));
    socket.on("error", () => {});
    socket.on("end", () => {
      state.ended += 1;
      socket.end("bye");
    });
  });
  await new Promise<void>((resolve) => server.listen(join(directory, "echo.sock"), resolve));
  return Object.assign(state, {
    [Symbol.asyncDispose]: async () => {
      server.close();
    },
  });
}

async function readUntil(socket: Socket, end: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let seen = "";
  const take = (chunk: Buffer): void => {
    seen += chunk.toString("latin1");
    if (!seen.includes(end)) return;
    socket.off("data", take);
    socket.pause();
    resolve(seen);
  };
  socket.on("data", take);
  socket.once("error", reject);
  socket.once("close", () => reject(new Error(`closed after ${JSON.stringify(seen)}`)));
  socket.resume();
  return await promise;
}

async function closed(socket: Socket): Promise<void> {
  socket.resume();
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on("end", () => socket.end());
  socket.on("close", () => resolve());
  if (socket.destroyed) resolve();
  await promise;
}
