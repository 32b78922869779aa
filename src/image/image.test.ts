import { describe, expect, test } from "bun:test";
import { readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { digestOf, hexOf, isKind } from "../base/index.ts";
import { streamed, tar } from "../layer/tar.fixture.ts";
import { listTar } from "../layer/tree.fixture.ts";
import { chainIDs, mediaTypes } from "../oci/index.ts";
import { openCopySnapshotter } from "../snapshot/index.ts";
import { bytesOf, openStore, type Store } from "./image.fixture.ts";

const rootTar = (...names: string[]) => tar(...names.map((name) => ({ name, data: name })));
const never = { force: false, usedBy: () => [] };

async function caught(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** An image of one layer under this name. */
async function importOne(store: Store, reference: string, ...files: string[]) {
  return await store.images.importRoot(streamed(rootTar(...files)), { reference });
}

describe("importRoot", () => {
  test("makes a one-layer image that shows up under its name", async () => {
    await using store = await openStore();
    const image = await store.images.importRoot(streamed(rootTar("bin/sh")), {
      reference: "base",
      message: "from a test",
      config: { Cmd: ["/bin/sh"] },
      platform: "linux/arm64",
    });
    expect(image.references).toEqual(["docker.io/library/base:latest"]);
    expect(image.config.architecture).toBe("arm64");
    expect(image.config.config).toEqual({ Cmd: ["/bin/sh"] });
    expect(image.config.history?.[0]?.comment).toBe("from a test");
    expect(image.config.rootfs.diff_ids).toEqual([digestOf(rootTar("bin/sh"))]);
    expect(image.size).toBe(6);
    expect(image.id).toBe(digestOf(await store.content.read(image.id)));
    expect(store.images.get("base")).toEqual(image);
    expect(await readFile(join(await store.snapshots.layerDirectory(image.chainID!), "bin/sh"), "utf8")).toBe(
      "bin/sh",
    );
    await store.images.settled();
    expect(store.snapshots.unsettled([image.chainID!])).toEqual([]);
  });

  test("a compressed archive stays as it came and is the same layer", async () => {
    await using store = await openStore();
    const plain = await importOne(store, "plain", "a");
    const archive = gzipSync(rootTar("a"), { level: 9 });
    const image = await store.images.importRoot(streamed(archive), { reference: "gz" });
    expect(image.manifest.layers[0]?.digest).toBe(digestOf(archive));
    expect(image.chainID).toBe(plain.chainID);
  });

  test("a bad archive or name is refused and leaves nothing", async () => {
    await using store = await openStore();
    const text = streamed(Buffer.from("this is not an archive at all".repeat(100)));
    expect(isKind(await caught(store.images.importRoot(text, {})), "invalid")).toBe(true);
    const hostile = streamed(tar({ name: "ok" }, { name: "../../escape", data: "x" }));
    expect(String(await caught(store.images.importRoot(hostile, {})))).toContain("../../escape");
    expect(isKind(await caught(importOne(store, "Bad Name", "a")), "invalid")).toBe(true);
    const cut = async function* () {
      yield rootTar("a").subarray(0, 600);
      throw new Error("connection lost");
    };
    expect(String(await caught(store.images.importRoot(cut(), {})))).toContain("connection lost");
    expect(await store.counts()).toEqual({ blobs: 0, committed: 0, active: 0 });
  });
});

describe("finding images", () => {
  test("by name, tag, digest, ID and part of an ID", async () => {
    await using store = await openStore();
    const { images } = store;
    const image = await importOne(store, "localhost:5000/team/app:v1", "a");
    for (const text of [
      "localhost:5000/team/app:v1",
      image.id,
      hexOf(image.id),
      hexOf(image.id).slice(0, 12),
      image.id.slice(0, 20),
      `localhost:5000/team/app@${image.manifestDigest}`,
    ]) {
      expect([text, images.find(text)?.id]).toEqual([text, image.id]);
    }
    for (const text of [
      "localhost:5000/team/app",
      "app:v1",
      "UPPER",
      `other@${image.manifestDigest}`,
      "f".repeat(63),
    ]) {
      expect([text, images.find(text)]).toEqual([text, undefined]);
    }
    expect(() => images.get("redis")).toThrow("No such image: redis:latest");
    expect(() => images.get("docker.io/library/redis:7")).toThrow("No such image: redis:7");
    expect(() => images.get(`sha256:${"0".repeat(64)}`)).toThrow(`No such image: sha256:${"0".repeat(64)}`);
  });

  test("a part that several IDs begin with is refused", async () => {
    await using store = await openStore();
    const seen = new Map<string, string>();
    for (let i = 0; ; i += 1) {
      const { id } = await store.images.put(
        { architecture: "amd64", os: "linux", author: String(i), rootfs: { type: "layers", diff_ids: [] } },
        [],
        [],
      );
      const first = hexOf(id).slice(0, 1);
      if (!seen.has(first)) {
        seen.set(first, id);
        continue;
      }
      expect(() => store.images.get(first)).toThrow("multiple IDs found with provided prefix");
      expect(store.images.get(id).id).toBe(id);
      break;
    }
  });

  test("a new process finds everything, and index.json tells other tools", async () => {
    await using store = await openStore();
    const image = await importOne(store, "app:v1", "a");
    await store.images.tag("app:v1", "other");
    await using again = await store.reopen();
    expect(again.images.get("other")).toEqual({
      ...withNames(image, "docker.io/library/app:v1", "docker.io/library/other:latest"),
      tagged: expect.any(Number),
    });
    const index = JSON.parse(await readFile(join(store.root, "content/index.json"), "utf8"));
    expect(
      index.manifests.map(
        (one: { annotations: Record<string, string> }) => one.annotations["io.containerd.image.name"],
      ),
    ).toEqual(["docker.io/library/app:v1", "docker.io/library/other:latest"]);
    expect(index.manifests[0].digest).toBe(image.manifestDigest);
  });
});

function withNames<T extends object>(image: T, ...references: string[]): T {
  return { ...image, references };
}

describe("tags", () => {
  test("move from one image to another", async () => {
    await using store = await openStore();
    const a = await importOne(store, "a", "one");
    const b = await importOne(store, "b", "two");
    await store.images.tag(b.id, "a");
    expect(store.images.get("a").id).toBe(b.id);
    expect(store.images.get(a.id).references).toEqual([]);
    expect(isKind(await caught(store.images.tag("b", "BAD")), "invalid")).toBe(true);
    expect(isKind(await caught(store.images.tag("none", "c")), "not-found")).toBe(true);
    const digest = `b@sha256:${"a".repeat(64)}`;
    expect(String(await caught(store.images.tag("b", digest)))).toContain(
      "refusing to create a tag with a digest reference",
    );
  });
});

describe("commitLayer and put", () => {
  test("turn a writable snapshot into an image on another", async () => {
    await using store = await openStore();
    const base = await importOne(store, "base", "keep", "gone");
    await store.snapshots.prepare("work", base.chainID);
    const upper = await store.snapshots.upperDirectory("work");
    await Bun.write(join(upper, "new"), "new file");
    const { layer, chainID } = await store.images.commitLayer("work", base.chainID);
    expect(layer.descriptor.mediaType).toBe(mediaTypes.ociLayerGzip);
    expect(await store.snapshots.has(chainID)).toBe(true);
    const config = {
      ...base.config,
      rootfs: { type: "layers" as const, diff_ids: [...base.config.rootfs.diff_ids, layer.diffID] },
    };
    const baseLayer = { descriptor: base.manifest.layers[0]!, diffID: base.config.rootfs.diff_ids[0]! };
    const image = await store.images.put(config, [baseLayer, layer], ["made:1", "made:2"]);
    expect(image.chainID).toBe(chainID);
    expect(chainIDs(config.rootfs.diff_ids).at(-1)).toBe(chainID);
    expect(image.layerSizes).toEqual([8, 8]);
    expect(image.references).toEqual(["docker.io/library/made:1", "docker.io/library/made:2"]);
    const listed = listTar(
      await bytesOf(store.layers.decompress(store.content.open(layer.descriptor.digest))),
    );
    expect(Object.keys(listed)).toEqual(["./", "new"]);
  });

  test("on snapshots that are copies the layer holds the difference alone", async () => {
    await using store = await openStore(undefined, openCopySnapshotter);
    const base = await importOne(store, "base", "keep", "gone");
    await store.snapshots.prepare("work", base.chainID);
    const tree = await store.snapshots.upperDirectory("work");
    await rm(join(tree, "gone"));
    await writeFile(join(tree, "new"), "new");
    const { layer } = await store.images.commitLayer("work", base.chainID);
    const plain = store.layers.decompress(store.content.open(layer.descriptor.digest));
    expect(Object.keys(listTar(await bytesOf(plain)))).toEqual(["./", ".wh.gone", "new"]);
  });

  test("the same changes give the same layer, byte for byte", async () => {
    await using one = await openStore();
    await using two = await openStore();
    const digests = await Promise.all(
      [one, two].map(async (store) => {
        await store.snapshots.prepare("work", undefined);
        await store.layers.extract(streamed(rootTar("b", "a", "c/d")), await store.snapshots.mounts("work"), {
          directory: "/",
        });
        const root = await store.snapshots.upperDirectory("work");
        for (const name of ["c", "."]) await utimes(join(root, name), 1, 1);
        return (await store.images.commitLayer("work", undefined)).layer.descriptor.digest;
      }),
    );
    expect(digests[0]).toBe(digests[1]!);
  });

  test("an image whose layers are not stored is refused", async () => {
    await using store = await openStore();
    const diffID = digestOf("x");
    const config = {
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers" as const, diff_ids: [diffID] },
    };
    const descriptor = { mediaType: "x", digest: digestOf("y"), size: 1 };
    const error = await caught(store.images.put(config, [{ descriptor, diffID }], ["x"]));
    expect(isKind(error, "not-found")).toBe(true);
    expect(store.images.list()).toEqual([]);
  });
});

describe("remove", () => {
  test("takes the last name with the image, and other names alone", async () => {
    await using store = await openStore();
    const image = await importOne(store, "a", "one");
    await store.images.tag("a", "b:2");
    expect(await store.images.remove("b:2", never)).toEqual([{ untagged: "b:2" }]);
    expect(await store.images.remove("a", never)).toEqual([{ untagged: "a:latest" }, { deleted: image.id }]);
    expect(String(await caught(store.images.remove("a", never)))).toContain("No such image: a:latest");
    expect((await store.collect()).bytes).toBeGreaterThan(0);
    expect(await store.counts()).toEqual({ blobs: 0, committed: 0, active: 0 });
  });

  test("an image in several repositories goes by ID only when forced", async () => {
    await using store = await openStore();
    const image = await importOne(store, "a", "one");
    await store.images.tag("a", "b");
    const error = await caught(store.images.remove(image.id, never));
    expect(isKind(error, "conflict")).toBe(true);
    expect(String(error)).toContain(
      `conflict: unable to delete ${hexOf(image.id).slice(0, 12)} (must be forced) - image is referenced in multiple repositories`,
    );
    expect(await store.images.remove(image.id, { ...never, force: true })).toEqual([
      { untagged: "a:latest" },
      { untagged: "b:latest" },
      { deleted: image.id },
    ]);
  });

  test("an image that containers use is kept, in Docker's words", async () => {
    await using store = await openStore();
    const image = await importOne(store, "a", "one");
    const short = hexOf(image.id).slice(0, 12);
    const user = "c".repeat(64);
    const used = (running: boolean, force = false) => ({ force, usedBy: () => [{ id: user, running }] });
    const message = async (reference: string, running: boolean, force = false) =>
      String(await caught(store.images.remove(reference, used(running, force))));
    expect(await message("a", false)).toContain(
      `conflict: unable to remove repository reference "a" (must force) - container cccccccccccc is using its referenced image ${short}`,
    );
    expect(await message(image.id, false)).toContain(
      `conflict: unable to delete ${short} (must be forced) - image is being used by stopped container cccccccccccc`,
    );
    expect(await message(short, true, true)).toContain(
      `conflict: unable to delete ${short} (cannot be forced) - image is being used by running container cccccccccccc`,
    );
    await store.images.tag("a", "b");
    expect(await store.images.remove("b", used(true))).toEqual([{ untagged: "b:latest" }]);
    expect(await store.images.remove("a", used(true, true))).toEqual([{ untagged: "a:latest" }]);
    expect(store.images.get(image.id).references).toEqual([]);
    expect(await store.images.remove(image.id, used(false, true))).toEqual([{ deleted: image.id }]);
  });
});

describe("prune and collect", () => {
  test("prune takes nameless images, or all unused ones, and tells the bytes that nobody shares", async () => {
    await using store = await openStore();
    const a = await importOne(store, "a", "shared");
    const b = await store.images.put(
      { ...a.config, author: "b" },
      [{ descriptor: a.manifest.layers[0]!, diffID: a.config.rootfs.diff_ids[0]! }],
      [],
    );
    expect(await store.images.prune({ all: false, used: new Set() })).toEqual({
      removed: [{ deleted: b.id }],
      bytes: 0,
    });
    expect(await store.images.prune({ all: true, used: new Set([a.id]) })).toEqual({ removed: [], bytes: 0 });
    expect(await store.images.prune({ all: true, used: new Set() })).toEqual({
      removed: [{ untagged: "a:latest" }, { deleted: a.id }],
      bytes: 6,
    });
  });

  test("collect keeps what images, active snapshots, extra roots and leases need", async () => {
    await using store = await openStore();
    const a = await importOne(store, "a", "one");
    const b = await importOne(store, "b", "two");
    const c = await importOne(store, "c", "three");
    const d = await importOne(store, "d", "four");
    await importOne(store, "e", "five");
    await store.snapshots.prepare("run", b.chainID);
    for (const name of ["b", "c", "d", "e"]) await store.images.remove(name, never);
    {
      using lease = store.images.lease();
      lease.protect(d.chainID!);
      lease.protect(d.id);
      await store.images.collect({
        chainIDs: new Set([c.chainID!]),
        digests: new Set([c.manifest.layers[0]!.digest]),
      });
    }
    const kept = (await store.snapshots.listCommitted()).map(({ chainID }) => chainID);
    expect(kept.sort()).toEqual([a.chainID!, b.chainID!, c.chainID!, d.chainID!].sort());
    const blobs = await Array.fromAsync(store.content.list());
    expect(blobs.sort()).toEqual(
      [a.id, a.manifestDigest, a.manifest.layers[0]!.digest, c.manifest.layers[0]!.digest, d.id].sort(),
    );
    await store.snapshots.remove("run");
    await store.collect();
    expect(await store.counts()).toEqual({ blobs: 3, committed: 1, active: 0 });
  });

  test("what is stored while a lease is open stays until it is closed", async () => {
    await using store = await openStore();
    const lease = store.images.lease();
    await store.content.put(new Uint8Array(10), "x");
    await importOne(store, "a", "one");
    await store.images.remove("a", never);
    await store.collect();
    expect(await store.counts()).toEqual({ blobs: 4, committed: 1, active: 0 });
    lease[Symbol.dispose]();
    await store.collect();
    expect(await store.counts()).toEqual({ blobs: 0, committed: 0, active: 0 });
  });
});

describe("after a power cut", () => {
  /** Makes all snapshots look unsettled since an earlier boot of the machine. */
  async function pretendReboot(store: Store): Promise<void> {
    await store.images.settled();
    for (const { chainID } of await store.snapshots.listCommitted()) {
      const path = join(store.root, "snapshots/committed", hexOf(chainID), "snapshot.json");
      await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, "utf8")), boot: "earlier" }));
    }
  }

  test("dropped layers are unpacked again from their blobs, below containers too", async () => {
    await using store = await openStore();
    const image = await importOne(store, "a", "one");
    await store.snapshots.prepare("container", image.chainID);
    await writeFile(join(await store.snapshots.upperDirectory("container"), "written"), "kept");
    await pretendReboot(store);
    await using again = await store.reopen();
    expect(await again.snapshots.has(image.chainID!)).toBe(false);
    expect(await again.images.recover()).toEqual({ restored: [image.id], lost: [] });
    expect(await readFile(join(await again.snapshots.layerDirectory(image.chainID!), "one"), "utf8")).toBe(
      "one",
    );
    const mounts = await again.snapshots.mounts("container");
    expect(Object.keys(listTar(await bytesOf(again.layers.pack(mounts, "/", { name: "" }))))).toEqual([
      "one",
      "written",
    ]);
    expect(await again.images.recover()).toEqual({ restored: [], lost: [] });
  });

  test("an image whose blobs are gone is removed", async () => {
    await using store = await openStore();
    const image = await importOne(store, "a", "one");
    await pretendReboot(store);
    await store.content.remove(image.manifest.layers[0]!.digest);
    await using again = await store.reopen();
    expect(await again.images.recover()).toEqual({ restored: [], lost: [image.id] });
    expect(again.images.list()).toEqual([]);
  });
});
