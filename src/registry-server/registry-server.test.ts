import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Digest, digestOf, isKind, messageOf, silentLogger } from "../base/index.ts";
import { openContentStore } from "../content/index.ts";
import { createImageService } from "../image/index.ts";
import { compressLayer, createLayerTools } from "../layer/index.ts";
import { mediaTypes } from "../oci/index.ts";
import { openRecords } from "../records/index.ts";
import { openOverlaySnapshotter } from "../snapshot/index.ts";
import { RegistryServers, type ServeOptions } from "./index.ts";

const helper = join(import.meta.dir, "../../build/gantry-layer");

async function open() {
  const root = await mkdtemp(join(tmpdir(), "gantry-registry-server-"));
  const content = await openContentStore(join(root, "content"));
  const snapshots = await openOverlaySnapshotter(join(root, "snapshots"));
  const records = openRecords(join(root, "records.db"));
  const images = createImageService({ content, snapshots, records, layers: createLayerTools({ helper }) });
  const pushed: string[] = [];
  const needs = {
    images,
    content,
    records,
    pushed: (_image: unknown, name: string) => void pushed.push(name),
  };
  const servers = new RegistryServers(needs, silentLogger);
  return { root, content, images, records, servers, pushed };
}

let store: Awaited<ReturnType<typeof open>>;
let base = "";

const loopback: ServeOptions = { address: "127.0.0.1", port: 0, writable: true, allowInsecure: false };

beforeEach(async () => {
  store = await open();
  base = `http://${store.servers.open(loopback).address}/v2`;
});
afterEach(async () => {
  await store.servers.closeAll();
  await store.images.settled();
  store.records[Symbol.dispose]();
  await rm(store.root, { recursive: true, force: true });
});

/** The smallest layer: an empty archive; `salt` makes images differ. */
async function parts(salt: string, architecture = "amd64") {
  const tar = new Uint8Array(1024);
  const layer = compressLayer(
    (async function* () {
      yield tar;
    })(),
  );
  const layerBytes = Buffer.concat(await Array.fromAsync(layer.chunks));
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: "linux",
      config: { Labels: { salt } },
      rootfs: { type: "layers", diff_ids: [layer.tar().diffID] },
    }),
  );
  const descriptor = (mediaType: string, bytes: Uint8Array) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: descriptor(mediaTypes.ociConfig, config),
      layers: [descriptor(mediaTypes.ociLayerGzip, layerBytes)],
      annotations: { foreign: "kept" },
    }),
  );
  return { blobs: [config, layerBytes], config, manifest, digest: digestOf(manifest) };
}

async function pushBlob(name: string, bytes: Uint8Array): Promise<void> {
  const begun = await fetch(`${base}/${name}/blobs/uploads/`, { method: "POST" });
  expect(begun.status).toBe(202);
  const place = new URL(begun.headers.get("location") ?? "", base);
  place.searchParams.set("digest", digestOf(bytes));
  const put = await fetch(place, { method: "PUT", body: Buffer.from(bytes) });
  expect(put.status).toBe(201);
}

async function pushManifest(
  name: string,
  reference: string,
  bytes: Uint8Array,
  type = mediaTypes.ociManifest as string,
) {
  return await fetch(`${base}/${name}/manifests/${reference}`, {
    method: "PUT",
    body: Buffer.from(bytes),
    headers: { "Content-Type": type },
  });
}

async function pushImage(name: string, tag: string, salt = "one") {
  const image = await parts(salt);
  for (const blob of image.blobs) await pushBlob(name, blob);
  expect((await pushManifest(name, tag, image.manifest)).status).toBe(201);
  return image;
}

async function codeOf(response: Response): Promise<string> {
  return `${response.status} ${/"code":"([A-Z_]+)"/.exec(await response.text())?.[1]}`;
}

const collect = () => store.images.collect({ chainIDs: new Set<Digest>(), digests: store.servers.roots() });

describe("a pushed image", () => {
  test("becomes an image of the engine and comes back byte for byte", async () => {
    const { manifest, digest, config } = await pushImage("team/app", "1");
    expect(store.images.get("team/app:1").id).toBe(digestOf(config));
    expect(store.pushed).toEqual(["team/app:1"]);
    for (const [name, reference] of [
      ["team/app", "1"],
      ["team/app", digest],
      ["docker.io/team/app", "1"],
    ]) {
      const answer = await fetch(`${base}/${name}/manifests/${reference}`);
      expect(answer.headers.get("docker-content-digest")).toBe(digest);
      expect(answer.headers.get("content-type")).toBe(mediaTypes.ociManifest);
      expect(Buffer.from(await answer.arrayBuffer())).toEqual(manifest);
    }
  });

  test("of the official kind has both spellings", async () => {
    await pushImage("redis", "7");
    expect(store.images.get("redis:7").references).toEqual(["docker.io/library/redis:7"]);
    for (const name of ["redis", "library/redis", "docker.io/library/redis"])
      expect((await fetch(`${base}/${name}/manifests/7`, { method: "HEAD" })).status).toBe(200);
    expect(await (await fetch(`${base}/_catalog`)).json()).toEqual({ repositories: ["redis"] });
  });

  test("is refused while blobs are missing, and leaves no name", async () => {
    const { manifest, config } = await parts("missing");
    await pushBlob("app", config);
    expect(await codeOf(await pushManifest("app", "1", manifest))).toBe("404 MANIFEST_BLOB_UNKNOWN");
    expect(store.images.list()).toEqual([]);
  });

  test("that is no image is refused: wrong JSON, wrong digest, wrong diffID, another artifact, too large", async () => {
    const { manifest, blobs } = await parts("bad");
    for (const blob of blobs) await pushBlob("app", blob);
    expect(await codeOf(await pushManifest("app", "1", Buffer.from("{")))).toBe("400 MANIFEST_INVALID");
    expect(await codeOf(await pushManifest("app", digestOf("other"), manifest))).toBe("400 DIGEST_INVALID");
    expect(await codeOf(await pushManifest("app", "1", new Uint8Array(5 * 1024 ** 2)))).toBe(
      "413 SIZE_INVALID",
    );
    const value = JSON.parse(manifest.toString());
    const badConfig = Buffer.from(
      JSON.stringify({
        architecture: "a",
        os: "linux",
        rootfs: { type: "layers", diff_ids: [digestOf("x")] },
      }),
    );
    const artifact = Buffer.from('{"helm":1}');
    for (const config of [badConfig, artifact]) {
      await pushBlob("app", config);
      const wrong = { ...value, config: { ...value.config, digest: digestOf(config), size: config.length } };
      const answer = await pushManifest("app", "1", Buffer.from(JSON.stringify(wrong)));
      expect(await codeOf(answer)).toBe("400 MANIFEST_INVALID");
    }
    expect(store.images.list()).toEqual([]);
    expect(await readdir(join(store.root, "snapshots/committed"))).toEqual([]);
  });

  test("with the platforms of an index keeps all of them, through collections, until its name moves on", async () => {
    const mine = await parts("mine", process.arch === "x64" ? "amd64" : "arm64");
    const other = await parts("other", "s390x");
    const manifests = [];
    for (const [one, architecture] of [
      [other, "s390x"],
      [mine, process.arch === "x64" ? "amd64" : "arm64"],
    ] as const) {
      for (const blob of one.blobs) await pushBlob("multi", blob);
      expect((await pushManifest("multi", one.digest, one.manifest)).status).toBe(201);
      const platform = { os: "linux", architecture };
      manifests.push({
        mediaType: mediaTypes.ociManifest,
        digest: one.digest,
        size: one.manifest.length,
        platform,
      });
    }
    const index = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }),
    );
    expect((await pushManifest("multi", "1", index, mediaTypes.ociIndex)).status).toBe(201);
    expect(store.images.get("multi:1").config.architecture).not.toBe("s390x");
    await collect();
    const get = (reference: string, accept = "*/*") =>
      fetch(`${base}/multi/manifests/${reference}`, { headers: { Accept: accept } });
    expect(digestOf(await (await get("1")).bytes())).toBe(digestOf(index));
    expect(digestOf(await (await get("1", mediaTypes.ociManifest)).bytes())).toBe(mine.digest);
    expect((await get(other.digest)).status).toBe(200);
    await pushImage("multi", "1", "next");
    expect([...store.servers.roots()]).toEqual([]);
    expect(digestOf(await (await get("1")).bytes())).not.toBe(digestOf(index));
  });
});

describe("an upload", () => {
  const begin = async () => {
    const answer = await fetch(`${base}/app/blobs/uploads/`, { method: "POST" });
    return new URL(answer.headers.get("location") ?? "", base);
  };
  const patch = (place: URL, text: string, range?: string) =>
    fetch(place, { method: "PATCH", body: text, headers: range ? { "Content-Range": range } : {} });
  const finish = (place: URL, digest: string, body = "") => {
    const end = new URL(place);
    end.searchParams.set("digest", digest);
    return fetch(end, { method: "PUT", body });
  };

  test("comes in pieces, in order, and tells how far it is", async () => {
    const place = await begin();
    expect((await patch(place, "hello ", "0-5")).headers.get("range")).toBe("0-5");
    expect(await codeOf(await patch(place, "late", "9-12"))).toBe("416 RANGE_INVALID");
    const status = await fetch(place);
    expect([status.status, status.headers.get("range")]).toEqual([204, "0-5"]);
    expect((await patch(place, "wor", "6-8")).status).toBe(202);
    const digest = digestOf("hello world");
    expect((await finish(place, digest, "ld")).status).toBe(201);
    expect(await (await fetch(`${base}/app/blobs/${digest}`)).text()).toBe("hello world");
    expect(await codeOf(await fetch(place))).toBe("404 BLOB_UPLOAD_UNKNOWN");
  });

  test("in one request is a blob at once", async () => {
    const digest = digestOf("mono");
    const answer = await fetch(`${base}/app/blobs/uploads/?digest=${digest}`, {
      method: "POST",
      body: "mono",
    });
    expect(answer.status).toBe(201);
    expect(
      (await fetch(`${base}/app/blobs/${digest}`, { method: "HEAD" })).headers.get("content-length"),
    ).toBe("4");
  });

  test("goes on where a client that vanished has left it", async () => {
    const place = await begin();
    const { hostname, port, pathname } = place;
    const socket = connect(Number(port), hostname);
    const head = `PATCH ${pathname} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n`;
    socket.write(`${head}hello `);
    const received = async () => (await fetch(place)).headers.get("range");
    while ((await received()) !== "0-5") await Bun.sleep(1);
    expect(await codeOf(await patch(place, "other", "6-10"))).toBe("400 BLOB_UPLOAD_INVALID");
    socket.destroy();
    while ((await patch(place, "world", "6-10")).status !== 202) await Bun.sleep(1);
    expect((await finish(place, digestOf("hello world"))).status).toBe(201);
  });

  test("and many readers go on side by side", async () => {
    const large = Buffer.alloc(3_000_000, "large");
    await pushBlob("app", large);
    const url = `${base}/app/blobs/${digestOf(large)}`;
    const slow = await begin();
    const answers = await Promise.all(
      Array.from({ length: 24 }, async () => digestOf(await (await fetch(url)).bytes())),
    );
    expect(new Set(answers)).toEqual(new Set([digestOf(large)]));
    expect((await fetch(slow, { method: "DELETE" })).status).toBe(204);
  });

  test("of other content than its digest, or one that is given up, leaves nothing", async () => {
    const wrong = await begin();
    await patch(wrong, "this");
    expect(await codeOf(await finish(wrong, digestOf("that")))).toBe("400 DIGEST_INVALID");
    const given = await begin();
    await patch(given, "some");
    expect((await fetch(given, { method: "DELETE" })).status).toBe(204);
    expect(await codeOf(await finish(await begin(), "sha512:00"))).toBe("400 DIGEST_INVALID");
    await store.servers.closeAll();
    expect(await readdir(join(store.root, "content/ingest"))).toEqual([]);
    expect(await readdir(join(store.root, "content/blobs/sha256"))).toEqual([]);
  });

  test("is not needed where the blob is here already", async () => {
    const { config } = await pushImage("app", "1");
    const digest = digestOf(config);
    const answer = await fetch(`${base}/other/blobs/uploads/?mount=${digest}&from=app`, { method: "POST" });
    expect([answer.status, answer.headers.get("location")]).toEqual([201, `/v2/other/blobs/${digest}`]);
    const absent = await fetch(`${base}/other/blobs/uploads/?mount=${digestOf("no")}&from=app`, {
      method: "POST",
    });
    expect(absent.status).toBe(202);
  });

  test("is kept from a collection until its manifest comes", async () => {
    const { manifest, blobs } = await parts("slow");
    for (const blob of blobs) await pushBlob("app", blob);
    await collect();
    expect((await pushManifest("app", "1", manifest)).status).toBe(201);
  });
});

describe("reading", () => {
  test("gives any part of a blob", async () => {
    await pushBlob("app", Buffer.from("0123456789"));
    const get = (range: string) =>
      fetch(`${base}/app/blobs/${digestOf("0123456789")}`, { headers: { Range: range } });
    for (const [range, text, header] of [
      ["bytes=2-4", "234", "bytes 2-4/10"],
      ["bytes=7-", "789", "bytes 7-9/10"],
      ["bytes=-3", "789", "bytes 7-9/10"],
      ["bytes=8-99", "89", "bytes 8-9/10"],
    ] as const) {
      const part = await get(range);
      expect([part.status, await part.text(), part.headers.get("content-range")]).toEqual([
        206,
        text,
        header,
      ]);
    }
    expect(await codeOf(await get("bytes=10-"))).toBe("416 RANGE_INVALID");
    expect((await get("bytes=0-1,4-5")).status).toBe(200);
  });

  test("lists tags and repositories in pages", async () => {
    const { id } = await (async () => {
      await pushImage("app", "a");
      return store.images.get("app:a");
    })();
    for (const name of ["app:b", "app:c", "ghcr.io/team/x:1", "localhost:5000/y:1"])
      await store.images.tag(id, name);
    const first = await fetch(`${base}/app/tags/list?n=2`);
    expect(await first.json()).toEqual({ name: "app", tags: ["a", "b"] });
    expect(first.headers.get("link")).toBe('</v2/app/tags/list?last=b&n=2>; rel="next"');
    const second = await fetch(`${base}/app/tags/list?n=2&last=b`);
    expect(await second.json()).toEqual({ name: "app", tags: ["c"] });
    expect(second.headers.get("link")).toBeNull();
    expect(await (await fetch(`${base}/_catalog`)).json()).toEqual({ repositories: ["app", "team/x", "y"] });
    expect(await codeOf(await fetch(`${base}/_catalog?n=x`))).toBe("400 PAGINATION_NUMBER_INVALID");
  });

  test("says what is not here by the codes of the specification", async () => {
    await pushImage("app", "1");
    expect(await codeOf(await fetch(`${base}/app/manifests/2`))).toBe("404 MANIFEST_UNKNOWN");
    expect(await codeOf(await fetch(`${base}/none/manifests/1`))).toBe("404 NAME_UNKNOWN");
    expect(await codeOf(await fetch(`${base}/none/tags/list`))).toBe("404 NAME_UNKNOWN");
    expect(await codeOf(await fetch(`${base}/app/blobs/${digestOf("no")}`))).toBe("404 BLOB_UNKNOWN");
    expect(await codeOf(await fetch(`${base}/App/manifests/1`))).toBe("400 NAME_INVALID");
    expect(await codeOf(await fetch(`${base}/..%2fapp/manifests/1`))).toBe("400 NAME_INVALID");
    expect((await fetch(`${base}/app/blobs/..%2f..%2fx`)).status).toBe(404);
    const referrers = await fetch(`${base}/app/referrers/${digestOf("x")}`);
    expect(await referrers.json()).toMatchObject({ manifests: [], mediaType: mediaTypes.ociIndex });
  });
});

describe("access", () => {
  test("is by password alone where one was set", async () => {
    const login = { user: "me", password: "pä:ss" };
    const { address } = store.servers.open({ ...loopback, login });
    const get = (text?: string) =>
      fetch(`http://${address}/v2/`, {
        headers: text ? { Authorization: `Basic ${Buffer.from(text).toString("base64")}` } : {},
      });
    expect((await get()).headers.get("www-authenticate")).toBe('Basic realm="gantry"');
    for (const wrong of [undefined, "me:", "me:pass", "you:pä:ss"])
      expect(await codeOf(await get(wrong))).toBe("401 UNAUTHORIZED");
    expect((await get("me:pä:ss")).status).toBe(200);
  });

  test("is read-only unless pushes were asked for", async () => {
    const { address } = store.servers.open({ ...loopback, writable: false });
    const answer = await fetch(`http://${address}/v2/app/blobs/uploads/`, { method: "POST" });
    expect(await codeOf(answer)).toBe("405 UNSUPPORTED");
  });

  test("from other machines needs TLS and password, or to be asked for", () => {
    const thrown = (options: Partial<ServeOptions>) => {
      try {
        store.servers.open({ ...loopback, ...options });
      } catch (error) {
        return isKind(error, "denied") ? messageOf(error) : String(error);
      }
      return "";
    };
    expect(thrown({ address: "0.0.0.0" })).toContain("needs TLS and a password");
    expect(thrown({ address: "0.0.0.0", login: { user: "a", password: "b" } })).toContain("needs TLS (");
    expect(thrown({ port: 70000 })).toContain("invalid port");
    expect(thrown({ tls: { certificate: "no", key: "pem" } })).toContain(
      "Cannot serve images on 127.0.0.1:0",
    );
    expect(thrown({ login: { user: "a:b", password: "b" } })).toContain("colon");
    const taken = store.servers.list()[0]?.address.split(":")[1];
    expect(thrown({ port: Number(taken) })).toContain("already in use");
  });

  test("ends when the registry is closed", async () => {
    const { address } = store.servers.open(loopback);
    expect((await fetch(`http://${address}/v2/`)).status).toBe(200);
    await store.servers.close(address);
    await expect(fetch(`http://${address}/v2/`)).rejects.toThrow();
    await expect(store.servers.close(address)).rejects.toThrow("No registry is served on");
  });
});
