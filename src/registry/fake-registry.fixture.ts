import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Digest, digestOf } from "../base/index.ts";
import { type Descriptor, mediaTypes } from "../oci/index.ts";

/** What came in. */
export interface Seen {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
}

/** Takes a request instead of the registry when it returns true. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

/** A registry in this process, of which each answer can be spoilt. */
export class FakeRegistry implements AsyncDisposable {
  readonly blobs = new Map<string, Uint8Array>();
  /** By `repository:tag` and `repository:digest`. */
  readonly manifests = new Map<string, { readonly mediaType: string; readonly bytes: Uint8Array }>();
  readonly seen: Seen[] = [];
  /** Asked before the registry itself. */
  fault: Fault = () => false;
  /** How many bytes of the next upload are taken before its connection breaks. */
  breakUploadAt: number | undefined;
  readonly #uploads = new Map<string, Buffer>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<FakeRegistry> {
    const server = createServer();
    const registry = new FakeRegistry(server);
    server.on("request", (request, response) => {
      registry.#serve(request, response).catch(() => response.destroy());
    });
    server.listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    return registry;
  }

  get host(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The registry does not listen");
    return `127.0.0.1:${address.port}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  /** `GET /v2/app/blobs/sha256:…` and so on, without the knocks at `/v2/`. */
  get requests(): string[] {
    return this.seen.filter(({ path }) => path !== "/v2/").map(({ method, path }) => `${method} ${path}`);
  }

  /** As after a restart: sessions are gone, blobs stay. */
  forgetUploads(): void {
    this.#uploads.clear();
  }

  putBlob(repository: string, bytes: Uint8Array): Descriptor {
    const digest = digestOf(bytes);
    this.blobs.set(`${repository}:${digest}`, bytes);
    return { mediaType: "application/octet-stream", digest, size: bytes.length };
  }

  putManifest(repository: string, tag: string, document: object): Descriptor {
    const bytes = Buffer.from(JSON.stringify(document));
    const digest = digestOf(bytes);
    const mediaType =
      "mediaType" in document && typeof document.mediaType === "string"
        ? document.mediaType
        : mediaTypes.ociManifest;
    for (const name of [tag, digest]) this.manifests.set(`${repository}:${name}`, { mediaType, bytes });
    return { mediaType, digest, size: bytes.length };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = request;
    this.seen.push({ method, path: url, headers });
    if (await this.fault(request, response)) return;
    const { pathname, searchParams } = new URL(url, this.url);
    const [, repository = "", kind, rest = ""] =
      /^\/v2\/(.+?)\/(manifests|blobs\/uploads|blobs|tags)\/(.*)$/.exec(pathname) ?? [];
    if (pathname === "/v2/") return send(response, 200, "{}");
    if (kind === "manifests") return await this.#manifest(request, response, `${repository}:${rest}`);
    if (kind === "blobs/uploads")
      return await this.#upload(request, response, { repository, id: rest, searchParams });
    if (kind === "blobs") return this.#blob(request, response, `${repository}:${rest}`);
    send(response, 404, refusal("NOT_FOUND", "no such page"));
  }

  async #manifest(request: IncomingMessage, response: ServerResponse, key: string): Promise<void> {
    if (request.method === "PUT") {
      const bytes = await readBody(request);
      const mediaType = request.headers["content-type"] ?? "";
      const repository = key.slice(0, key.indexOf(":"));
      this.manifests.set(key, { mediaType, bytes });
      this.manifests.set(`${repository}:${digestOf(bytes)}`, { mediaType, bytes });
      return send(response, 201, "", { "Docker-Content-Digest": digestOf(bytes) });
    }
    const found = this.manifests.get(key);
    if (!found) return send(response, 404, refusal("MANIFEST_UNKNOWN", "manifest unknown"));
    send(response, 200, found.bytes, {
      "Content-Type": found.mediaType,
      "Docker-Content-Digest": digestOf(found.bytes),
    });
  }

  #blob(request: IncomingMessage, response: ServerResponse, key: string) {
    const bytes = this.blobs.get(key);
    if (!bytes) return send(response, 404, refusal("BLOB_UNKNOWN", "blob unknown to registry"));
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? -1);
    if (from < 0) return send(response, 200, bytes);
    return send(response, 206, bytes.subarray(from), {
      "Content-Range": `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
    });
  }

  async #upload(
    request: IncomingMessage,
    response: ServerResponse,
    { repository, id, searchParams }: { repository: string; id: string; searchParams: URLSearchParams },
  ): Promise<void> {
    const at = (name: string): Record<string, string> => ({
      Location: `/v2/${repository}/blobs/uploads/${name}?state=x`,
    });
    if (request.method === "POST") {
      const source = this.blobs.get(`${searchParams.get("from")}:${searchParams.get("mount")}`);
      if (source) {
        this.putBlob(repository, source);
        return send(response, 201, "");
      }
      const name = String(this.#uploads.size + 1);
      this.#uploads.set(name, Buffer.alloc(0));
      return send(response, 202, "", at(name));
    }
    const known = this.#uploads.get(id);
    if (!known) return send(response, 404, refusal("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry"));
    const range = { Range: `0-${Math.max(0, known.length - 1)}` };
    if (request.method === "GET") return send(response, 204, "", { ...at(id), ...range });
    await this.#receive(request, id, known);
    const whole = this.#uploads.get(id) ?? Buffer.alloc(0);
    if (request.method === "PATCH") return send(response, 202, "", at(id));
    this.#uploads.delete(id);
    if (searchParams.get("digest") !== digestOf(whole)) {
      return send(response, 400, refusal("DIGEST_INVALID", "provided digest did not match uploaded content"));
    }
    this.putBlob(repository, whole);
    send(response, 201, "");
  }

  /** Keeps what has come even when the connection breaks, as registries do. */
  async #receive(request: IncomingMessage, id: string, before: Buffer): Promise<void> {
    let whole = before;
    for await (const chunk of request) {
      whole = Buffer.concat([whole, chunk]);
      const end = this.breakUploadAt;
      if (end !== undefined && whole.length > end) {
        this.breakUploadAt = undefined;
        this.#uploads.set(id, whole.subarray(0, end));
        throw new Error("broken as asked for");
      }
      this.#uploads.set(id, whole);
    }
  }
}

/** The body of a registry's refusal. */
export function refusal(code: string, message: string): string {
  return JSON.stringify({ errors: [{ code, message }] });
}

/** Answers at once; HEAD is answered by its head alone. */
export function send(
  response: ServerResponse,
  status: number,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "Content-Length": String(Buffer.byteLength(body)), ...headers });
  response.end(response.req.method === "HEAD" ? undefined : body);
}

/** A body as a whole. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(request));
}

/** The digest of nothing that any registry has. */
export const unknownDigest: Digest = digestOf("unknown");
