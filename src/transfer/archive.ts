import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, type FileHandle, mkdtemp, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, type Digest, EngineError, hexOf, KeyedMutex } from "../base/index.ts";
import { openContentStore } from "../content/index.ts";
import { readImageArchive, tarEnd, tarHeader, tarPadding } from "../image/index.ts";
import type { LayerTools } from "../layer/index.ts";
import { type Descriptor, familiarName, type Manifest, mediaTypes, parseManifest } from "../oci/index.ts";
import { fileSource } from "./file-source.ts";
import type { Document, Sink, Source } from "./types.ts";

/** An archive of `docker save`, on disk. */
export interface Archive {
  readonly path: string;
  /** Full name of the image in it. */
  readonly name: string | undefined;
}

export interface ArchiveNeeds {
  readonly layers: Pick<LayerTools, "decompress">;
  readonly temporaryDirectory: string;
}

/** An image of an archive file; without a name there must be only one. Its blobs are stored aside while it is read. */
export async function archiveSource(
  needs: ArchiveNeeds,
  archive: Archive,
  signal?: AbortSignal,
): Promise<Source> {
  await access(archive.path).catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT") throw error;
    const text = `open ${archive.path}: no such file or directory`;
    throw new EngineError("not-found", text, { subject: archive.path });
  });
  const stream = createReadStream(archive.path, { highWaterMark: 1024 * 1024 });
  return await streamSource(needs, stream, { name: archive.name, where: archive.path, signal });
}

/** The same of an archive that comes as a stream; `where` is what messages call it. */
export async function streamSource(
  needs: ArchiveNeeds,
  stream: AsyncIterable<Uint8Array>,
  options: {
    readonly name: string | undefined;
    readonly where: string;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Source> {
  const directory = await mkdtemp(join(needs.temporaryDirectory, "archive-"));
  const close = () => rm(directory, { recursive: true, force: true });
  try {
    const content = await openContentStore(directory);
    const images = await readImageArchive({ content, layers: needs.layers }, stream, options);
    const { name, where } = options;
    const matching = name === undefined ? images : images.filter(({ names }) => names.includes(name));
    const [image, ...others] = matching;
    if (!image || others.length > 0) {
      const all = images.flatMap(({ names }) => names.map(familiarName)).join(", ");
      const text = image ? "holds several images: name one of" : "holds no such image: there are";
      throw new EngineError(image ? "invalid" : "not-found", `${where} ${text} ${all}`, { subject: where });
    }
    return fileSource(image.manifest, (digest) => content.path(digest), close);
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * An archive in both formats, OCI layout and Docker's, that appears only once it is whole. Blobs stand in it as they
 * are, one after the other.
 */
export async function archiveSink({ path, name }: Archive): Promise<Sink> {
  const temporary = `${path}.${process.pid}-${Date.now()}.tmp`;
  const file = await open(temporary, "wx", 0o644);
  const turns = new KeyedMutex();
  let isWhole = false;
  return {
    takesIndex: false,
    async blob(descriptor, source, { signal, report }) {
      await turns.run(path, () => appendBlob(file, descriptor, { chunks: source(0), signal, report }));
      return "copied";
    },
    async manifest({ descriptor }) {
      throw new EngineError("invalid", "an archive holds one platform", { subject: descriptor.digest });
    },
    async finish(document) {
      await appendBytes(file, blobPath(document.descriptor.digest), document.bytes);
      for (const [member, value] of documents(document, name))
        await appendBytes(file, member, new TextEncoder().encode(JSON.stringify(value)));
      await file.writeFile(tarEnd());
      await file.sync();
      await rename(temporary, path);
      isWhole = true;
    },
    async [Symbol.asyncDispose]() {
      await file.close();
      if (!isWhole) await rm(temporary, { force: true });
    },
  };
}

/** A blob whose bytes are others than its digest says fails here, and with it the archive. */
async function appendBlob(
  file: FileHandle,
  { digest, size }: Descriptor,
  options: {
    readonly chunks: AsyncIterable<Uint8Array>;
    readonly signal?: AbortSignal | undefined;
    readonly report: (bytes: number) => void;
  },
): Promise<void> {
  const hash = createHash("sha256");
  let sent = 0;
  await file.writeFile(tarHeader(blobPath(digest), size));
  for await (const chunk of options.chunks) {
    options.signal?.throwIfAborted();
    hash.update(chunk);
    sent += chunk.length;
    if (sent > size) break;
    await file.writeFile(chunk);
    options.report(sent);
  }
  const actual = `sha256:${hash.digest("hex")}`;
  if (sent !== size || actual !== digest) {
    throw new EngineError("invalid", `blob ${digest} is ${actual}, ${sent} bytes`, { subject: digest });
  }
  await file.writeFile(tarPadding(size));
}

async function appendBytes(file: FileHandle, name: string, bytes: Uint8Array): Promise<void> {
  await file.writeFile(tarHeader(name, bytes.length));
  await file.writeFile(bytes);
  await file.writeFile(tarPadding(bytes.length));
}

function documents({ descriptor, bytes }: Document, name: string | undefined): [string, object][] {
  const manifest: Manifest = parseManifest(bytes);
  const { mediaType, digest, size } = descriptor;
  const annotations =
    name === undefined
      ? {}
      : {
          annotations: {
            "io.containerd.image.name": name,
            "org.opencontainers.image.ref.name": name.slice(name.lastIndexOf(":") + 1),
          },
        };
  const entry = {
    Config: blobPath(manifest.config.digest),
    RepoTags: name === undefined ? null : [familiarName(name)],
    Layers: manifest.layers.map((layer) => blobPath(layer.digest)),
  };
  const manifests = [{ mediaType, digest, size, ...annotations }];
  return [
    ["index.json", { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }],
    ["manifest.json", [entry]],
    ["oci-layout", { imageLayoutVersion: "1.0.0" }],
  ];
}

function blobPath(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}
