import { Database } from "bun:sqlite";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What an engine's root holds of images, read from its files alone, and what is wrong with it. */
export interface StoreState {
  /** What makes an image unusable. */
  readonly broken: readonly string[];
  /** What nothing refers to. */
  readonly garbage: readonly string[];
  readonly names: readonly string[];
}

interface ImageRecord {
  readonly manifest: {
    readonly config: Blob;
    readonly layers: readonly Blob[];
  };
  readonly manifestDigest: string;
  readonly chainID?: string;
  readonly config: { readonly rootfs: { readonly diff_ids: readonly string[] } };
}

interface Blob {
  readonly digest: string;
  readonly size: number;
}

/** Checks the store below `root`. Snapshots that containers work on count as referred to. */
export function checkStore(root: string): StoreState {
  const images = readRecords<ImageRecord>(root, "images");
  const names = readRecords<{ readonly id: string }>(root, "image-names");
  const blobs = [...images.values()].flatMap(({ manifest, manifestDigest }) => [
    { digest: manifestDigest, size: -1 },
    manifest.config,
    ...manifest.layers,
  ]);
  const chains = new Set([...images.values()].flatMap((image) => chainIDs(image.config.rootfs.diff_ids)));
  const active = readdirSync(join(root, "snapshots/active"));
  const parents = active.flatMap((key) => ancestry(root, parentOf(join(root, "snapshots/active", key))));
  return {
    broken: [
      ...blobs.flatMap((blob) => checkBlob(root, blob)),
      ...[...chains]
        .filter((chain) => !existsSync(snapshot(root, chain)))
        .map((chain) => `no snapshot ${chain}`),
      ...checkIndex(root, new Set([...images.values()].map(({ manifestDigest }) => manifestDigest))),
      ...[...names].filter(([, { id }]) => !images.has(id)).map(([name]) => `${name} names no image`),
    ],
    garbage: [
      ...unreferenced(join(root, "content/blobs/sha256"), new Set(blobs.map(({ digest }) => hex(digest)))),
      ...unreferenced(join(root, "content/ingest"), new Set()),
      ...unreferenced(join(root, "snapshots/committed"), new Set([...chains, ...parents].map(hex))),
      ...active.filter((key) => key.startsWith("unpack-")).map((key) => `active ${key}`),
    ],
    names: [...names.keys()].sort(),
  };
}

function readRecords<T>(root: string, collection: string): Map<string, T> {
  const database = new Database(join(root, "records.db"), { readonly: true });
  try {
    const rows = database
      .query<{ key: string; value: string }, [string]>("select key, value from record where collection = ?")
      .all(collection);
    return new Map(rows.map(({ key, value }) => [key, JSON.parse(value)]));
  } finally {
    database.close();
  }
}

/** What other tools are told must be what is there. */
function checkIndex(root: string, wanted: ReadonlySet<string>): string[] {
  const index: { readonly manifests: readonly Blob[] } = JSON.parse(
    readFileSync(join(root, "content/index.json"), "utf8"),
  );
  const told = new Set(index.manifests.map(({ digest }) => digest));
  return [
    ...[...wanted].filter((digest) => !told.has(digest)).map((digest) => `index.json lacks ${digest}`),
    ...[...told].filter((digest) => !wanted.has(digest)).map((digest) => `index.json has ${digest}`),
  ];
}

function checkBlob(root: string, { digest, size }: Blob): string[] {
  const path = join(root, "content/blobs/sha256", hex(digest));
  if (!existsSync(path)) return [`no blob ${digest}`];
  const bytes = readFileSync(path);
  const actual = createHash("sha256").update(bytes).digest("hex");
  if (actual !== hex(digest)) return [`blob ${digest} is ${actual}`];
  return size >= 0 && size !== bytes.length ? [`blob ${digest} has ${bytes.length} bytes`] : [];
}

function chainIDs(diffIDs: readonly string[]): string[] {
  let parent: string | undefined;
  return diffIDs.map((diffID) => {
    parent =
      parent === undefined
        ? diffID
        : `sha256:${createHash("sha256").update(`${parent} ${diffID}`).digest("hex")}`;
    return parent;
  });
}

function ancestry(root: string, from: string | undefined): string[] {
  const chain: string[] = [];
  for (let at = from; at !== undefined; at = parentOf(join(root, "snapshots/committed", hex(at))))
    chain.push(at);
  return chain;
}

function parentOf(directory: string): string | undefined {
  return JSON.parse(readFileSync(join(directory, "snapshot.json"), "utf8")).parent;
}

function snapshot(root: string, chain: string): string {
  return join(root, "snapshots/committed", hex(chain), "fs");
}

function unreferenced(directory: string, wanted: ReadonlySet<string>): string[] {
  return readdirSync(directory)
    .filter((name) => !wanted.has(name))
    .map((name) => `${directory}/${name}`);
}

function hex(digest: string): string {
  return digest.replace("sha256:", "");
}
