import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf } from "../base/index.ts";
import { listTar } from "../layer/tree.fixture.ts";
import { chainIDs } from "../oci/index.ts";
import { removeTree } from "../sys/index.ts";
import { bytesOf, openStore, type Store } from "./image.fixture.ts";

/** Works on a store until it is killed: imports, layers on top, saves and loads, removals and collections. */
const worker = (root: string) => `
import { openStore, bytesOf } from ${JSON.stringify(join(import.meta.dir, "image.fixture.ts"))};
import { streamed, tar } from ${JSON.stringify(join(import.meta.dir, "../layer/tar.fixture.ts"))};
const store = await openStore(${JSON.stringify(root)});
await store.images.recover();
for (const { key } of await store.snapshots.listActive()) await store.snapshots.remove(key);
process.stdout.write("go");
const salt = String(process.pid);
for (let round = 0; ; round += 1) {
  const files = Array.from({ length: 20 }, (_, i) => ({ name: "d" + i + "/f", data: (salt + round).repeat(50) }));
  const image = await store.images.importRoot(streamed(tar(...files)), { reference: "app:" + (round % 3) });
  const saved = await bytesOf(store.images.save([image.id]));
  await store.snapshots.prepare("work", image.chainID);
  await store.layers.extract(streamed(tar({ name: "new", data: salt + round })), await store.snapshots.mounts("work"), { directory: "/" });
  const { layer } = await store.images.commitLayer("work", image.chainID);
  const rootfs = { type: "layers", diff_ids: [...image.config.rootfs.diff_ids, layer.diffID] };
  const below = { descriptor: image.manifest.layers[0], diffID: image.config.rootfs.diff_ids[0] };
  await store.images.put({ ...image.config, rootfs }, [below, layer], ["top:" + (round % 2)]);
  await store.images.remove("app:" + (round % 3), { force: true, usedBy: () => [] });
  await store.images.load(streamed(saved), () => {});
  await store.images.prune({ all: false, used: new Set() });
  await store.collect();
}`;

test("a kill at any moment leaves whole images and garbage that goes", async () => {
  const root = await mkdtemp(join(tmpdir(), "gantry-kill-"));
  try {
    const script = join(root, "worker.ts");
    await writeFile(script, worker(root));
    for (let round = 0; round < 6; round += 1) {
      await runAndKill(script, 30 + round * 37);
      const store = await openStore(root);
      try {
        await check(store);
      } finally {
        await store.images.settled();
        store.close();
      }
    }
  } finally {
    await removeTree(root);
  }
}, 60_000);

/** The moment of the kill is what varies here; nothing waits for it. */
async function runAndKill(script: string, after: number): Promise<void> {
  const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = new Promise((resolve) => child.once("close", resolve));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  await Bun.sleep(after);
  child.kill("SIGKILL");
  await closed;
}

async function check(store: Store): Promise<void> {
  expect((await store.images.recover()).lost).toEqual([]);
  for (const { key } of await store.snapshots.listActive()) await store.snapshots.remove(key);
  await store.collect();
  const images = store.images.list();
  const blobs = new Set(
    images.flatMap(({ manifestDigest, manifest }) => [
      manifestDigest,
      manifest.config.digest,
      ...manifest.layers.map(({ digest }) => digest),
    ]),
  );
  const chains = new Set(images.flatMap(({ config }) => chainIDs(config.rootfs.diff_ids)));
  expect(await store.counts()).toEqual({ blobs: blobs.size, committed: chains.size, active: 0 });
  for (const digest of blobs) expect(digestOf(await store.content.read(digest))).toBe(digest);
  for (const image of images) {
    const mounts = await store.snapshots.view(image.chainID!);
    const listed = listTar(await bytesOf(store.layers.pack(mounts, "/", { name: "" })));
    expect(Object.keys(listed).filter((name) => name.endsWith("/f"))).toHaveLength(20);
    expect("new" in listed).toBe(image.manifest.layers.length > 1);
  }
}
