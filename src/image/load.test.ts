import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { digestOf, hexOf, isKind } from "../base/index.ts";
import { streamed, tar } from "../layer/tar.fixture.ts";
import { listTar } from "../layer/tree.fixture.ts";
import { mediaTypes } from "../oci/index.ts";
import { bytesOf, openStore, type Store } from "./image.fixture.ts";
import type { ImageProgress } from "./types.ts";

const quiet = () => {};
const low = tar({ name: "etc/", type: "5" }, { name: "etc/low", data: "low" }, { name: "both", data: "low" });
const high = tar({ name: "etc/.wh.low" }, { name: "both", data: "high" });

const load = (store: Store, archive: Uint8Array) => store.images.load(streamed(archive), quiet);
const blob = (bytes: Uint8Array) => ({ name: `blobs/sha256/${hexOf(digestOf(bytes))}`, data: bytes });
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

async function caught(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

function configOf(...layers: Uint8Array[]): Uint8Array {
  return json({
    architecture: "amd64",
    os: "linux",
    config: { Cmd: ["/x"], Entrypoint: null },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => digestOf(layer)) },
  });
}

/** An archive as `docker save` wrote them for years: layer directories, links for layers that occur twice. */
function classic(names: string[] | null): Uint8Array {
  const config = configOf(low, high);
  const id = hexOf(digestOf(config));
  const [one, two] = ["1".repeat(64), "2".repeat(64)];
  const manifest = [
    { Config: `${id}.json`, RepoTags: names, Layers: [`${one}/layer.tar`, `${two}/layer.tar`] },
  ];
  return tar(
    { name: `${one}/`, type: "5" },
    { name: `${one}/VERSION`, data: "1.0" },
    { name: `${one}/json`, data: "{}" },
    { name: `${one}/layer.tar`, type: "2", link: `../${"3".repeat(64)}/layer.tar` },
    { name: `${"3".repeat(64)}/layer.tar`, data: low },
    { name: `${two}/layer.tar`, data: high },
    { name: `${id}.json`, data: config },
    { name: "repositories", data: "{}" },
    { name: "manifest.json", data: json(manifest) },
  );
}

interface LayoutOptions {
  readonly annotations?: Record<string, string>;
  readonly layers?: readonly Uint8Array[];
}

/** An OCI layout of one image with gzip layers. */
function layout({ annotations = {}, layers = [low, high] }: LayoutOptions = {}) {
  const config = configOf(...layers);
  const compressed = layers.map((layer) => new Uint8Array(gzipSync(layer)));
  const manifest = json({
    schemaVersion: 2,
    config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
    layers: compressed.map((one) => ({
      mediaType: mediaTypes.ociLayerGzip,
      digest: digestOf(one),
      size: one.length,
    })),
  });
  const descriptor = {
    mediaType: mediaTypes.ociManifest,
    digest: digestOf(manifest),
    size: manifest.length,
    annotations,
  };
  const entries = [
    { name: "oci-layout", data: '{"imageLayoutVersion":"1.0.0"}' },
    { name: "index.json", data: json({ schemaVersion: 2, manifests: [descriptor] }) },
    ...[manifest, config, ...compressed].map(blob),
  ];
  return { entries, archive: tar(...entries), descriptor, config, manifest, compressed };
}

async function filesOf(store: Store, reference: string): Promise<string[]> {
  const { chainID } = store.images.get(reference);
  const mounts = await store.snapshots.view(chainID!);
  return Object.keys(listTar(await bytesOf(store.layers.pack(mounts, "/", { name: "" }))));
}

describe("load", () => {
  test("reads the classic Docker format with links and plain layers", async () => {
    await using store = await openStore();
    const events: ImageProgress[] = [];
    const lines = await store.images.load(streamed(classic(["app:v1", "me/app:v2"])), (event) =>
      events.push(event),
    );
    expect(lines).toEqual(["Loaded image: app:v1", "Loaded image: me/app:v2"]);
    const image = store.images.get("app:v1");
    expect(image.id).toBe(digestOf(configOf(low, high)));
    expect(image.layerSizes).toEqual([6, 4]);
    expect(image.config.config).toEqual({ Cmd: ["/x"] });
    expect(await filesOf(store, "me/app:v2")).toEqual(["both", "etc/"]);
    const ofLayer = (size: number) => events.filter(({ total }) => total === size);
    for (const { length } of [low, high]) {
      expect(ofLayer(length).map(({ status, current }) => [status, current])).toEqual([
        ["Loading layer", 0],
        ["Loading layer", length],
      ]);
    }
    expect(await store.counts()).toEqual({ blobs: 4, committed: 2, active: 0 });
  });

  test("an image without name is told by ID", async () => {
    await using store = await openStore();
    expect(await load(store, classic(null))).toEqual([`Loaded image ID: ${digestOf(configOf(low, high))}`]);
    expect(store.images.list()).toHaveLength(1);
  });

  test("reads OCI layouts, whatever annotation names the image", async () => {
    const cases: [Record<string, string>, string][] = [
      [{ "io.containerd.image.name": "docker.io/library/app:v1" }, "Loaded image: app:v1"],
      [{ "org.opencontainers.image.ref.name": "example.com/app:v2" }, "Loaded image: example.com/app:v2"],
      [{ "org.opencontainers.image.ref.name": "v3" }, `Loaded image ID: ${digestOf(configOf(low, high))}`],
    ];
    for (const [annotations, line] of cases) {
      await using store = await openStore();
      const { archive, descriptor } = layout({ annotations });
      expect(await load(store, archive)).toEqual([line]);
      expect(store.images.list()[0]?.manifestDigest).toBe(descriptor.digest);
      expect(await filesOf(store, store.images.list()[0]!.id)).toEqual(["both", "etc/"]);
    }
  });

  test("of an index, the manifest for this machine is taken and the rest thrown away", async () => {
    await using store = await openStore();
    const mine = layout();
    const other = layout({ layers: [low] });
    const platform = (architecture: string) => ({ os: "linux", architecture });
    const own = process.arch === "x64" ? "amd64" : process.arch;
    const index = json({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [
        { ...other.descriptor, platform: platform("riscv64") },
        { ...mine.descriptor, platform: platform(own) },
        { ...other.descriptor, platform: { os: "unknown", architecture: "unknown" } },
      ],
    });
    const top = json({
      schemaVersion: 2,
      manifests: [
        {
          mediaType: mediaTypes.ociIndex,
          digest: digestOf(index),
          size: index.length,
          annotations: { "io.containerd.image.name": "docker.io/library/multi:latest" },
        },
      ],
    });
    const rest = [...mine.entries, ...other.entries].filter(({ name }) => name !== "index.json");
    expect(await load(store, tar(...rest, blob(index), { name: "index.json", data: top }))).toEqual([
      "Loaded image: multi:latest",
    ]);
    expect(store.images.get("multi").id).toBe(digestOf(mine.config));
    expect(await store.counts()).toEqual({ blobs: 4, committed: 2, active: 0 });
  });

  test("compressed archives load as well", async () => {
    for (const compress of [gzipSync, zstdCompressSync]) {
      await using store = await openStore();
      expect(await load(store, compress(classic(["app"])))).toEqual(["Loaded image: app:latest"]);
    }
  });

  test("a layer that several loads at once bring is stored and unpacked once", async () => {
    await using store = await openStore();
    const archives = [
      classic(["a"]),
      classic(["b"]),
      layout({ annotations: { "io.containerd.image.name": "c" } }).archive,
    ];
    const lines = await Promise.all(archives.map((archive) => load(store, archive)));
    expect(lines.flat().sort()).toEqual([
      "Loaded image: a:latest",
      "Loaded image: b:latest",
      "Loaded image: c:latest",
    ]);
    expect(store.applied()).toBe(2);
    expect(store.images.list()).toHaveLength(1);
    expect((await store.counts()).committed).toBe(2);
    await store.collect();
    expect((await store.counts()).blobs).toBe(4);
  });

  test("a collection during a load takes nothing of it", async () => {
    await using store = await openStore();
    const archive = classic(["app"]);
    const slow = async function* () {
      for await (const chunk of streamed(archive, 2000)) {
        await store.collect();
        yield chunk;
      }
    };
    const collecting = (event: ImageProgress) => void (event.current === 0 && store.collect());
    expect(await store.images.load(slow(), collecting)).toEqual(["Loaded image: app:latest"]);
    expect(await filesOf(store, "app")).toEqual(["both", "etc/"]);
    expect((await store.counts()).blobs).toBe(4);
  });

  test("a name moves to the image that was loaded last", async () => {
    await using store = await openStore();
    await load(store, classic(["app"]));
    await load(store, layout({ annotations: { "io.containerd.image.name": "app" }, layers: [low] }).archive);
    expect(store.images.get("app").config.rootfs.diff_ids).toEqual([digestOf(low)]);
    expect(store.images.list()).toHaveLength(2);
  });
});

describe("bad archives", () => {
  const good = layout({ annotations: { "io.containerd.image.name": "app" } });
  const without = (name: string) => tar(...good.entries.filter((entry) => entry.name !== name));
  const replaced = (name: string, data: Uint8Array | string) =>
    tar(...good.entries.map((entry) => (entry.name === name ? { name, data } : entry)));
  const first = blob(good.compressed[0]!).name;
  const cases: [string, Uint8Array, string][] = [
    ["text", Buffer.from("no archive".repeat(200)), "Cannot load images"],
    ["nothing", new Uint8Array(0), "neither manifest.json nor index.json"],
    ["an ordinary tar", tar({ name: "a", data: "a" }), "neither manifest.json nor index.json"],
    ["a cut archive", good.archive.subarray(0, 3000), "Cannot load images"],
    ["a missing layer", without(first), "is missing"],
    ["a missing manifest", without(blob(good.manifest).name), "is missing"],
    ["a blob of another digest", replaced(first, gzipSync("other")), ": content is"],
    ["a broken index", replaced("index.json", "{"), "Cannot parse index.json"],
    [
      "a classic archive with a missing layer",
      tar({ name: "manifest.json", data: json([{ Config: "c.json", RepoTags: null, Layers: [] }]) }),
      "c.json is missing",
    ],
    [
      "a manifest.json of another shape",
      tar({ name: "manifest.json", data: json([{ Config: 1 }]) }),
      "Cannot parse manifest.json",
    ],
    [
      "a link in a circle",
      tar(
        { name: "manifest.json", data: json([{ Config: "a", RepoTags: [], Layers: [] }]) },
        { name: "a", type: "2", link: "b" },
        { name: "b", type: "2", link: "a" },
      ),
      "a is missing",
    ],
    [
      "a bad name",
      layout({ annotations: { "io.containerd.image.name": "BAD NAME" } }).archive,
      "invalid reference format",
    ],
  ];
  for (const [what, archive, message] of cases) {
    test(`${what} is refused and leaves nothing`, async () => {
      await using store = await openStore();
      const error = await caught(load(store, archive));
      expect(isKind(error, "invalid")).toBe(true);
      expect(String(error)).toContain(message);
      expect(store.images.list()).toEqual([]);
      expect(await store.counts()).toEqual({ blobs: 0, committed: 0, active: 0 });
    });
  }

  test("layers that are not those of the config are refused", async () => {
    await using store = await openStore();
    const config = configOf(low, low);
    const docker = (layers: string[]) =>
      tar(
        { name: "manifest.json", data: json([{ Config: "c.json", RepoTags: ["x"], Layers: layers }]) },
        { name: "c.json", data: config },
        { name: "1.tar", data: low },
        { name: "2.tar", data: high },
      );
    expect(String(await caught(load(store, docker(["1.tar", "2.tar"]))))).toContain(
      "invalid diffID for layer",
    );
    expect(String(await caught(load(store, docker(["1.tar"]))))).toContain(
      "layers length mismatch: expected 2, got 1",
    );
    expect(await store.counts()).toEqual({ blobs: 0, committed: 0, active: 0 });
  });

  test("a hostile layer is refused by name and writes nowhere", async () => {
    await using store = await openStore();
    const hostile = tar({ name: "fine", data: "x" }, { name: "../../../../escaped", data: "x" });
    const error = await caught(load(store, layout({ layers: [low, hostile] }).archive));
    expect(String(error)).toContain('Cannot apply layer: ../../../../escaped: name holds ".."');
    expect(await store.counts()).toEqual({ blobs: 0, committed: 0, active: 0 });
  });

  test("an aborted load leaves nothing", async () => {
    await using store = await openStore();
    const abort = new AbortController();
    const source = async function* () {
      yield good.archive.subarray(0, 2000);
      abort.abort(new Error("client went away"));
      yield good.archive.subarray(2000);
    };
    expect(String(await caught(store.images.load(source(), quiet, { signal: abort.signal })))).toContain(
      "client went away",
    );
    expect(await store.counts()).toEqual({ blobs: 0, committed: 0, active: 0 });
  });

  test("a failed load keeps what was there before", async () => {
    await using store = await openStore();
    await load(store, classic(["kept"]));
    await caught(load(store, without(first)));
    expect(await filesOf(store, "kept")).toEqual(["both", "etc/"]);
    expect(await store.counts()).toEqual({ blobs: 4, committed: 2, active: 0 });
  });

  test("a full disk is said so and leaves room again", async () => {
    await using outer = await openStore();
    const disk = join(outer.root, "disk");
    await mkdir(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=6m", "tmpfs", disk]);
    const store = await openStore(disk);
    try {
      const before = await load(store, layout().archive);
      expect(before).toHaveLength(1);
      const counts = await store.counts();
      const zeros = tar({ name: "big", data: new Uint8Array(8_000_000).fill(1) });
      expect(String(await caught(load(store, layout({ layers: [zeros] }).archive)))).toContain(
        "no space left on device",
      );
      const noise = tar({ name: "big", data: new Uint8Array(randomBytes(8_000_000)) });
      expect(String(await caught(load(store, layout({ layers: [noise] }).archive)))).toContain(
        "no space left on device",
      );
      expect(await store.counts()).toEqual(counts);
      expect(await load(store, layout({ layers: [low] }).archive)).toHaveLength(1);
    } finally {
      store.close();
      execFileSync("umount", [disk]);
    }
  });
});

describe("save", () => {
  test("what is saved loads elsewhere as the same images with the same names", async () => {
    await using one = await openStore();
    await using two = await openStore();
    await load(one, classic(["app:v1", "app:v2", "other"]));
    await one.images.importRoot(streamed(low), { reference: "single" });
    const archive = await bytesOf(one.images.save(["app", "single:latest", "other"]));
    expect([...(await load(two, archive))].sort()).toEqual([
      "Loaded image: app:v1",
      "Loaded image: app:v2",
      "Loaded image: other:latest",
      "Loaded image: single:latest",
    ]);
    expect(two.images.get("app:v1").manifestDigest).toBe(one.images.get("app:v1").manifestDigest);
    expect(two.images.get("single")).toEqual({ ...one.images.get("single"), tagged: expect.any(Number) });
  });

  test("the archive is both an OCI layout and Docker's format", async () => {
    await using store = await openStore();
    await load(store, classic(["app:v1"]));
    const archive = await bytesOf(store.images.save(["app:v1"]));
    const directory = join(store.root, "unpacked");
    await mkdir(directory);
    execFileSync("tar", ["-x", "-C", directory], { input: archive });
    const read = async (name: string) => JSON.parse(await readFile(join(directory, name), "utf8"));
    const [entry] = await read("manifest.json");
    expect(entry.RepoTags).toEqual(["app:v1"]);
    const diffIDs = (await read(entry.Config)).rootfs.diff_ids;
    expect(
      await Promise.all(
        entry.Layers.map(async (path: string) => digestOf(await readFile(join(directory, path)))),
      ),
    ).toEqual(diffIDs);
    const index = await read("index.json");
    const manifest = await read(`blobs/sha256/${index.manifests[0].digest.slice(7)}`);
    expect(manifest.config.digest).toBe(store.images.get("app:v1").id);
    expect((await read("repositories")).app.v1).toBeString();
  });

  test("by ID an image is saved without names; what is not there is said before the first byte", async () => {
    await using store = await openStore();
    await load(store, classic(["app"]));
    await using other = await openStore();
    const { id } = store.images.get("app");
    expect(await load(other, await bytesOf(store.images.save([id.slice(0, 20)])))).toEqual([
      `Loaded image ID: ${id}`,
    ]);
    expect(() => store.images.save(["app", "none"])).toThrow("No such image: none:latest");
  });

  test("an image that is removed while it is being saved is saved whole", async () => {
    await using store = await openStore();
    await load(store, classic(["app"]));
    const chunks: Uint8Array[] = [];
    for await (const chunk of store.images.save(["app"])) {
      chunks.push(chunk.slice());
      if (chunks.length > 1) continue;
      await store.images.remove("app", { force: true, usedBy: () => [] });
      await store.collect();
    }
    await using other = await openStore();
    expect(await load(other, Buffer.concat(chunks))).toEqual(["Loaded image: app:latest"]);
  });
});

const skopeo = Bun.which("skopeo");
if (!skopeo) console.log("left out: exchange with skopeo, which is not installed");

describe.skipIf(!skopeo)("exchange with skopeo", () => {
  const run = (...words: string[]) => execFileSync(skopeo ?? "", words, { stdio: "pipe" });

  test("it reads our archives in both formats and our store, and we read what it writes", async () => {
    await using store = await openStore();
    await load(store, classic(["app:v1"]));
    const at = (name: string) => join(store.root, name);
    await writeFile(at("saved.tar"), await bytesOf(store.images.save(["app:v1"])));
    const policy = ["--insecure-policy", "copy", "-q"];
    run(
      ...policy,
      `docker-archive:${at("saved.tar")}:docker.io/library/app:v1`,
      `oci-archive:${at("oci.tar")}:app:v2`,
    );
    run(...policy, `oci:${at("content")}:v1`, `docker-archive:${at("docker.tar")}:copy:v3`);
    await using other = await openStore();
    for (const [file, line] of [
      ["oci.tar", "Loaded image: app:v2"],
      ["docker.tar", "Loaded image: copy:v3"],
    ] as const) {
      expect(await load(other, await readFile(at(file)))).toEqual([line]);
    }
    expect(other.images.get("copy:v3").config.rootfs.diff_ids).toEqual([digestOf(low), digestOf(high)]);
  });
});
