import { gzipSync } from "node:zlib";
import { archive } from "./archive.ts";

const types = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
};

export interface FakeLayer {
  /** What is in it, as `archive` takes it. */
  readonly entries: Parameters<typeof archive>[0];
  /** Default gzip. */
  readonly compress?: "gzip" | "zstd" | "none";
}

export interface FakeImage {
  readonly layers: readonly FakeLayer[];
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
  /** More of the image config. */
  readonly config?: object;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Instead of an image config's. */
  readonly configType?: string;
}

export interface FakeDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/**
 * A registry in the test's own process that only serves what it was given, counts what it serves, and can misbehave.
 */
export class FakeRegistry implements AsyncDisposable {
  readonly #server: Bun.Server<undefined>;
  readonly #blobs = new Map<string, Uint8Array>();
  readonly #manifests = new Map<string, { readonly type: string; readonly bytes: Uint8Array }>();
  /** Bytes of blobs sent so far, by digest. */
  readonly served = new Map<string, number>();
  /** Requests for blobs, as `digest offset`. */
  readonly asked: string[] = [];
  /** Blobs are held back after so many bytes, until this is undefined again. */
  holdAfter: number | undefined;

  constructor() {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      fetch: (request) => this.#answer(request),
    });
  }

  get host(): string {
    return `127.0.0.1:${this.#server.port}`;
  }

  get totalServed(): number {
    return [...this.served.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Offers an image under `repository:tag`; without tag only by its digest. */
  async offer(
    tag: string | undefined,
    image: FakeImage,
  ): Promise<FakeDescriptor & { readonly layers: readonly FakeDescriptor[] }> {
    const plain = await Promise.all(image.layers.map(({ entries }) => archive(entries)));
    const layers = plain.map((tar, at) => this.#addLayer(tar, image.layers[at]?.compress ?? "gzip"));
    const config = this.#add(
      image.configType ?? types.config,
      JSON.stringify({
        ...{ architecture: process.arch === "x64" ? "amd64" : process.arch, os: "linux", ...image.platform },
        config: image.config ?? {},
        rootfs: { type: "layers", diff_ids: plain.map(digestOf) },
      }),
    );
    const annotations = image.annotations ? { annotations: image.annotations } : {};
    const manifest = { schemaVersion: 2, mediaType: types.manifest, config, layers, ...annotations };
    return { ...this.#publish(tag, types.manifest, JSON.stringify(manifest)), layers };
  }

  /** Offers an index of manifests that were offered before. */
  index(tag: string | undefined, manifests: readonly object[]): FakeDescriptor {
    return this.#publish(
      tag,
      types.index,
      JSON.stringify({ schemaVersion: 2, mediaType: types.index, manifests }),
    );
  }

  /** The bytes of a manifest or index. */
  manifest(reference: string): Uint8Array {
    const found = this.#manifests.get(reference);
    if (!found) throw new Error(`No manifest ${reference}`);
    return found.bytes;
  }

  /** Lets a blob's bytes be others, of the same number. */
  corrupt(digest: string): void {
    const bytes = Uint8Array.from(this.#blobs.get(digest) ?? []);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff;
    this.#blobs.set(digest, bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.holdAfter = undefined;
    await this.#server.stop(true);
  }

  #addLayer(tar: Uint8Array, compress: "gzip" | "zstd" | "none"): FakeDescriptor {
    if (compress === "none") return this.#add(types.layer, tar);
    if (compress === "zstd") return this.#add(`${types.layer}+zstd`, Bun.zstdCompressSync(tar));
    return this.#add(`${types.layer}+gzip`, gzipSync(tar));
  }

  #add(mediaType: string, content: string | Uint8Array): FakeDescriptor {
    const bytes = Buffer.from(content);
    const digest = digestOf(bytes);
    this.#blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  #publish(tag: string | undefined, type: string, text: string): FakeDescriptor {
    const bytes = Buffer.from(text);
    const digest = digestOf(bytes);
    for (const key of [digest, ...(tag === undefined ? [] : [tag])])
      this.#manifests.set(key, { type, bytes });
    return { mediaType: type, digest, size: bytes.length };
  }

  #answer(request: Request): Response {
    const { pathname } = new URL(request.url);
    if (pathname === "/v2/") return Response.json({});
    const [, kind = "", reference = ""] = /\/(manifests|blobs|tags)\/([^/]+)$/.exec(pathname) ?? [];
    if (kind === "tags")
      return Response.json({
        name: "app",
        tags: [...this.#manifests.keys()].filter((key) => !key.includes(":")),
      });
    const manifest = kind === "manifests" ? this.#manifests.get(reference) : undefined;
    if (manifest) return this.#answerManifest(request, manifest);
    const blob = kind === "blobs" ? this.#blobs.get(reference) : undefined;
    if (blob) return this.#answerBlob(request, reference, blob);
    const code = kind === "manifests" ? "MANIFEST_UNKNOWN" : "BLOB_UNKNOWN";
    return Response.json(
      { errors: [{ code, message: code.toLowerCase().replace("_", " ") }] },
      { status: 404 },
    );
  }

  #answerManifest(
    request: Request,
    { type, bytes }: { readonly type: string; readonly bytes: Uint8Array },
  ): Response {
    const headers = { "Content-Type": type, "Docker-Content-Digest": digestOf(bytes) };
    const isHead = request.method === "HEAD";
    return new Response(isHead ? null : Buffer.from(bytes), {
      headers: { ...headers, ...(isHead ? { "Content-Length": String(bytes.length) } : {}) },
    });
  }

  #answerBlob(request: Request, digest: string, bytes: Uint8Array): Response {
    const offset = Number(/^bytes=(\d+)-/.exec(request.headers.get("range") ?? "")?.[1] ?? 0);
    this.asked.push(`${digest} ${offset}`);
    const headers = {
      "Content-Length": String(bytes.length - offset),
      ...(offset > 0 ? { "Content-Range": `bytes ${offset}-${bytes.length - 1}/${bytes.length}` } : {}),
    };
    return new Response(this.#stream(digest, bytes, offset), { status: offset > 0 ? 206 : 200, headers });
  }

  #stream(digest: string, bytes: Uint8Array, offset: number): ReadableStream<Uint8Array> {
    const step = 64 * 1024;
    let at = offset;
    return new ReadableStream({
      type: "bytes",
      pull: async (controller) => {
        while (this.holdAfter !== undefined && at >= this.holdAfter) await Bun.sleep(5);
        const chunk = new Uint8Array(bytes.subarray(at, at + step));
        at += chunk.length;
        this.served.set(digest, (this.served.get(digest) ?? 0) + chunk.length);
        if (chunk.length > 0) controller.enqueue(chunk);
        if (at >= bytes.length) controller.close();
      },
    });
  }
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;
}
