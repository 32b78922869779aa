import { afterEach, beforeEach, expect, test } from "bun:test";
import type { ServerResponse } from "node:http";
import { messageOf } from "../base/index.ts";
import { collect, failureOf, testClient, withAnyLimit } from "./client.fixture.ts";
import { FakeRegistry, refusal, send, unknownDigest } from "./fake-registry.fixture.ts";
import { readBlob } from "./read-blob.ts";
import type { Repository } from "./types.ts";

let registry: FakeRegistry;
let app: Repository;
const bytes = crypto.getRandomValues(new Uint8Array(60_000));

beforeEach(async () => {
  registry = await FakeRegistry.start();
  app = testClient().repository(`${registry.host}/app`);
});
afterEach(() => registry[Symbol.asyncDispose]());

/** Sends `count` bytes of what was asked for and no more, `times` times; gives the connection to break. */
function stopAfter(count: number, times: number): () => void {
  let left = times;
  let last: ServerResponse | undefined;
  registry.fault = (request, response) => {
    if (!request.url?.includes("/blobs/") || left-- <= 0) return false;
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    response.writeHead(from === 0 ? 200 : 206, {
      "Content-Length": String(bytes.length - from),
      ...(from === 0 ? {} : { "Content-Range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
    });
    response.write(bytes.subarray(from, from + count));
    last = response;
    return true;
  };
  return () => last?.destroy();
}

/** Takes a blob, and breaks the connection each time that `count` more bytes are there. */
async function collectBreaking(chunks: AsyncIterable<Uint8Array>, count: number, cut: () => void) {
  const got: Uint8Array[] = [];
  let size = 0;
  const work = (async () => {
    for await (const chunk of chunks) {
      got.push(chunk);
      size += chunk.length;
      if (size % count === 0) cut();
    }
  })();
  const failure = await work.then(
    () => undefined,
    (error: unknown) => messageOf(error),
  );
  return { got: Buffer.concat(got), failure };
}

const ranges = (): (string | undefined)[] =>
  registry.seen.filter(({ path }) => path.includes("/blobs/")).map(({ headers }) => headers.range);

test("a blob comes whole, from an offset, and empty", async () => {
  const descriptor = registry.putBlob("app", bytes);
  expect(await collect(app.blob(descriptor))).toEqual(Buffer.from(bytes));
  expect(await collect(app.blob(descriptor, { offset: 59_990 }))).toEqual(
    Buffer.from(bytes.subarray(59_990)),
  );
  expect(await collect(app.blob(descriptor, { offset: 60_000 }))).toEqual(Buffer.alloc(0));
  expect(ranges()).toEqual([undefined, "bytes=59990-"]);
  expect(await collect(app.blob(registry.putBlob("app", new Uint8Array(0))))).toEqual(Buffer.alloc(0));
});

test("a connection that breaks is taken up where it ended", async () => {
  const descriptor = registry.putBlob("app", bytes);
  const cut = stopAfter(20_000, 2);
  expect(await collectBreaking(app.blob(descriptor), 20_000, cut)).toEqual({
    got: Buffer.from(bytes),
    failure: undefined,
  });
  expect(ranges()).toEqual([undefined, "bytes=20000-", "bytes=40000-"]);
});

test("a registry that knows no ranges sends all again, and what is known is passed over", async () => {
  const descriptor = registry.putBlob("app", bytes);
  registry.fault = (request, response) => {
    if (!request.url?.includes("/blobs/")) return false;
    send(response, 200, bytes);
    return true;
  };
  expect(await collect(app.blob(descriptor, { offset: 30_001 }))).toEqual(
    Buffer.from(bytes.subarray(30_001)),
  );
});

test("tries that bring nothing come to an end, and the last one says how far it came", async () => {
  const descriptor = registry.putBlob("app", bytes);
  const cut = stopAfter(10, 1000);
  const { got, failure } = await collectBreaking(app.blob(descriptor), 10, cut);
  expect(failure).toContain(`Cannot fetch blob ${descriptor.digest}: 40 of 60000 bytes came, then: `);
  expect(got).toEqual(Buffer.from(bytes.subarray(0, 40)));
  expect(ranges()).toHaveLength(4);
});

test("more bytes than promised are refused, by the length that is told or by what comes", async () => {
  const descriptor = { ...registry.putBlob("app", bytes), size: 50_000 };
  expect((await failureOf(collect(app.blob(descriptor)))).message).toContain(
    "sends more than the 50000 bytes of its descriptor",
  );
  let sent = 0;
  registry.fault = (request, response) => {
    if (!request.url?.includes("/blobs/")) return false;
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed && response.write(bytes)) sent += bytes.length;
    };
    response.on("drain", more);
    more();
    return true;
  };
  expect((await failureOf(collect(app.blob(descriptor)))).message).toContain(
    "sends more than the 50000 bytes",
  );
  expect(sent).toBeLessThan(32 * 1024 ** 2);
  expect(ranges()).toHaveLength(2);
});

test("another range than the one asked for is refused", async () => {
  const descriptor = registry.putBlob("app", bytes);
  registry.fault = (request, response) => {
    if (!request.url?.includes("/blobs/")) return false;
    send(response, 206, bytes.subarray(500), { "Content-Range": `bytes 500-59999/60000` });
    return true;
  };
  expect((await failureOf(collect(app.blob(descriptor, { offset: 400 })))).message).toContain(
    "the registry answers with another range",
  );
  expect(await collect(app.blob(descriptor, { offset: 600 }))).toEqual(Buffer.from(bytes.subarray(600)));
});

test("a body that stalls or drips is given up; a reader that takes its time is not", async () => {
  const descriptor = registry.putBlob("app", bytes);
  await withAnyLimit(async (limit) => {
    const hasty = testClient({ limits: { idle: limit, tries: 2 } }).repository(`${registry.host}/app`);
    registry.fault = (request, response) => {
      if (!request.url?.includes("/blobs/")) return false;
      response.writeHead(200, { "Content-Length": String(bytes.length) });
      response.write(bytes.subarray(0, 100));
      return true;
    };
    expect((await failureOf(collect(hasty.blob(descriptor)))).message).toContain("the body stopped coming");
    registry.fault = (request, response) => {
      if (!request.url?.includes("/blobs/")) return false;
      response.writeHead(200, { "Content-Length": String(bytes.length) });
      const drip = setInterval(() => response.write("x"), 10);
      response.on("close", () => clearInterval(drip));
      return true;
    };
    expect((await failureOf(collect(hasty.blob(descriptor)))).message).toContain("the body comes too slowly");
    registry.fault = () => false;
    const large = registry.putBlob("app", new Uint8Array(8 * 1024 ** 2));
    let taken = 0;
    for await (const chunk of hasty.blob(large)) {
      if (taken === 0) await Bun.sleep(limit * 1.5);
      taken += chunk.length;
    }
    expect(taken).toBe(large.size);
  });
});

test("a blob that is not there, or not for us, is not asked for again", async () => {
  const descriptor = { mediaType: "x/y", digest: unknownDigest, size: 7 };
  expect(await failureOf(collect(app.blob(descriptor)))).toMatchObject({
    message: "blob unknown: blob unknown to registry",
    kind: "not-found",
  });
  registry.fault = (request, response) => {
    if (!request.url?.includes("/blobs/")) return false;
    send(response, 403, refusal("DENIED", "no"));
    return true;
  };
  expect((await failureOf(collect(app.blob(descriptor)))).message).toContain("pull access denied for");
  expect(ranges()).toHaveLength(2);
});

test("leaving a blob in the middle closes its connection", async () => {
  const descriptor = { ...registry.putBlob("app", bytes), size: 10 ** 9 };
  const closed = Promise.withResolvers<void>();
  registry.fault = (request, response) => {
    if (!request.url?.includes("/blobs/")) return false;
    response.writeHead(200, { "Content-Length": String(10 ** 9) });
    response.write(bytes);
    response.on("close", () => closed.resolve());
    return true;
  };
  for await (const _ of app.blob(descriptor)) break;
  await closed.promise;
});

test("a config is read whole and checked; a large one is not read at all", async () => {
  const descriptor = registry.putBlob("app", bytes);
  expect(Buffer.from(await readBlob(app, descriptor))).toEqual(Buffer.from(bytes));
  registry.blobs.set(`app:${descriptor.digest}`, new Uint8Array(60_000));
  expect((await failureOf(readBlob(app, descriptor))).message).toContain("the registry sends other bytes");
  registry.seen.length = 0;
  expect((await failureOf(readBlob(app, { ...descriptor, size: 10 ** 8 }))).message).toContain(
    "too many for a config",
  );
  expect(registry.seen).toEqual([]);
});
