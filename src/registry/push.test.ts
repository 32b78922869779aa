import { afterEach, beforeEach, expect, test } from "bun:test";
import { digestOf } from "../base/index.ts";
import { mediaTypes } from "../oci/index.ts";
import { failureOf, testClient, withAnyLimit } from "./client.fixture.ts";
import { FakeRegistry, refusal, send } from "./fake-registry.fixture.ts";
import type { Repository } from "./types.ts";

let registry: FakeRegistry;
let app: Repository;
const bytes = crypto.getRandomValues(new Uint8Array(300_000));
const descriptor = { mediaType: mediaTypes.ociLayerGzip, digest: digestOf(bytes), size: bytes.length };
let opened: number[] = [];

beforeEach(async () => {
  registry = await FakeRegistry.start();
  app = testClient().repository(`${registry.host}/app`);
  opened = [];
});
afterEach(() => registry[Symbol.asyncDispose]());

async function* open(offset: number): AsyncGenerator<Uint8Array> {
  opened.push(offset);
  for (let at = offset; at < bytes.length; at += 50_000) {
    yield bytes.subarray(at, Math.min(at + 50_000, bytes.length));
  }
}
const stored = (name: string): Uint8Array | undefined => registry.blobs.get(`${name}:${descriptor.digest}`);
const verbs = (): string[] => registry.requests.map((line) => line.split(" ", 1)[0] ?? "");

test("a blob is uploaded in one stream of known length, and not again when it is there", async () => {
  const reports: number[] = [];
  expect(await app.pushBlob(descriptor, open, { report: (sent) => reports.push(sent) })).toEqual({
    kind: "pushed",
  });
  expect(stored("app")).toEqual(Buffer.from(bytes));
  expect(reports).toEqual([0, 50_000, 100_000, 150_000, 200_000, 250_000, 300_000]);
  const patch = registry.seen.find(({ method }) => method === "PATCH");
  expect(patch?.headers).toMatchObject({
    "content-length": "300000",
    "content-type": "application/octet-stream",
  });
  expect(patch?.headers["content-range"]).toBeUndefined();
  expect(registry.requests.at(-1)).toContain(`state=x&digest=sha256%3A`);
  expect(await app.pushBlob(descriptor, open)).toEqual({ kind: "exists" });
  expect(opened).toEqual([0]);
  expect(await app.exists(descriptor.digest)).toBe(true);
});

test("an empty blob is a blob", async () => {
  const empty = { mediaType: "x/y", digest: digestOf(""), size: 0 };
  expect(await app.pushBlob(empty, async function* () {})).toEqual({ kind: "pushed" });
  expect(registry.blobs.get(`app:${empty.digest}`)).toHaveLength(0);
});

test("a blob of another repository is mounted; one that is not there is uploaded in the session that was begun", async () => {
  registry.putBlob("other", bytes);
  expect(await app.pushBlob(descriptor, open, { mountFrom: ["app", "none", "other"] })).toEqual({
    kind: "mounted",
    from: "other",
  });
  expect(opened).toEqual([]);
  registry.blobs.clear();
  registry.seen.length = 0;
  expect(await app.pushBlob(descriptor, open, { mountFrom: ["none"] })).toEqual({ kind: "pushed" });
  expect(verbs()).toEqual(["HEAD", "POST", "PATCH", "PUT"]);
});

test("a mount that is refused is no failure", async () => {
  registry.fault = (request, response) => {
    if (!request.url?.includes("mount=")) return false;
    send(response, 403, refusal("DENIED", "not yours"));
    return true;
  };
  expect(await app.pushBlob(descriptor, open, { mountFrom: ["secret"] })).toEqual({ kind: "pushed" });
});

test("an upload that breaks goes on where the registry says that it has come to", async () => {
  registry.breakUploadAt = 120_000;
  expect(await app.pushBlob(descriptor, open)).toEqual({ kind: "pushed" });
  expect(stored("app")).toEqual(Buffer.from(bytes));
  expect(opened).toEqual([0, 120_000]);
  const again = registry.seen.findLast(({ method }) => method === "PATCH");
  expect(again?.headers["content-range"]).toBe("120000-299999");
});

test("an upload whose session is lost begins anew", async () => {
  let lost = false;
  registry.fault = (request, response) => {
    if (request.method !== "PUT" || lost) return false;
    lost = true;
    send(response, 404, refusal("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry"));
    return true;
  };
  expect(await app.pushBlob(descriptor, open)).toEqual({ kind: "pushed" });
  expect(opened).toEqual([0, 0]);
  expect(stored("app")).toEqual(Buffer.from(bytes));
});

test("an upload that fails again and again is given up, one that is refused at once", async () => {
  registry.fault = (request, response) => {
    if (request.method !== "PATCH") return false;
    request.resume().on("end", () => send(response, 500, ""));
    return true;
  };
  expect((await failureOf(app.pushBlob(descriptor, open))).message).toContain(
    `Cannot push blob ${descriptor.digest}: received unexpected HTTP status: 500`,
  );
  expect(opened).toHaveLength(4);
  registry.fault = (request, response) => {
    if (request.method !== "POST") return false;
    send(response, 403, refusal("DENIED", "requested access to the resource is denied"));
    return true;
  };
  expect((await failureOf(app.pushBlob(descriptor, open))).message).toBe(
    "denied: requested access to the resource is denied",
  );
});

test("a registry may take its time to store what it got", async () => {
  await withAnyLimit(async (limit) => {
    const hasty = testClient({ limits: { header: limit, store: 20_000, tries: 1 } });
    let waited = 0;
    registry.fault = async (request) => {
      if (request.method !== "PUT") return false;
      const asked = performance.now();
      await Bun.sleep(limit * 1.5);
      waited = performance.now() - asked;
      return false;
    };
    expect(await hasty.repository(`${registry.host}/app`).pushBlob(descriptor, open)).toEqual({
      kind: "pushed",
    });
    expect(waited).toBeGreaterThan(limit);
  });
});

test("a digest that the registry does not find right is told", async () => {
  const wrong = { ...descriptor, digest: digestOf("else") };
  expect((await failureOf(app.pushBlob(wrong, open))).message).toBe(
    "digest invalid: provided digest did not match uploaded content",
  );
});

test("what the blob's own source throws is what the push throws", async () => {
  const source = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, 1000);
    throw new Error("the disk is gone");
  };
  expect((await failureOf(app.pushBlob(descriptor, source))).message).toBe("the disk is gone");
});

test("a source that ends early, or gives too much, is never taken for the blob", async () => {
  const short = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, 1000);
  };
  expect((await failureOf(app.pushBlob(descriptor, short))).message).toContain("gave 1000 of 300000 bytes");
  const long = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes;
    yield bytes;
  };
  expect((await failureOf(app.pushBlob(descriptor, long))).message).toContain("of 300000 bytes");
  expect(stored("app")).toBeUndefined();
});

test("an upload whose last answer is lost is done", async () => {
  let lost = false;
  registry.fault = (request, response) => {
    if (request.method !== "PUT" || lost) return false;
    lost = true;
    registry.putBlob("app", bytes);
    registry.forgetUploads();
    response.destroy();
    return true;
  };
  expect(await app.pushBlob(descriptor, open)).toEqual({ kind: "pushed" });
  expect(opened).toEqual([0]);
});

test("giving up an upload closes its source", async () => {
  const controller = new AbortController();
  const closed = Promise.withResolvers<void>();
  const source = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield bytes.subarray(0, 1000);
      controller.abort(new Error("enough"));
      yield bytes.subarray(1000);
      await new Promise(() => {});
    } finally {
      closed.resolve();
    }
  };
  const options = { signal: controller.signal };
  expect((await failureOf(app.pushBlob(descriptor, source, options))).message).toBe("enough");
  await closed.promise;
});

test("a manifest is stored under its tag, byte for byte, and a registry that changes it is told off", async () => {
  const manifest = { mediaType: mediaTypes.dockerManifest, bytes: Buffer.from('{ "schemaVersion" : 2 }') };
  const digest = digestOf(manifest.bytes);
  expect(await app.pushManifest("1.0", manifest)).toEqual({
    mediaType: manifest.mediaType,
    digest,
    size: 23,
  });
  expect(registry.manifests.get("app:1.0")).toEqual(manifest);
  expect((await failureOf(app.pushManifest(digestOf("else"), manifest))).message).toContain(
    `it is ${digest}`,
  );
  registry.fault = (request, response) => {
    if (request.method !== "PUT") return false;
    request.resume();
    send(response, 201, "", { "Docker-Content-Digest": digestOf("else") });
    return true;
  };
  expect((await failureOf(app.pushManifest("1.0", manifest))).message).toContain(
    "the registry stored sha256:",
  );
});
