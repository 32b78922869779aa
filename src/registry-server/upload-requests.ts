import { isDigest } from "../base/index.ts";
import { RegistryFault } from "./fault.ts";
import { findAndKeep, type ReadNeeds } from "./read.ts";
import { digestIn } from "./target.ts";
import { keptWhilePushed } from "./types.ts";
import type { Upload } from "./upload.ts";
import type { Uploads } from "./uploads.ts";

/** One request about an upload. */
export interface UploadRequest {
  readonly name: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: AsyncIterable<Uint8Array>;
}

type Needs = ReadNeeds & { readonly uploads: Uploads };

/** POST: begins an upload, unless the blob is here already, which needs none, or comes along at once. */
export async function beginUpload(needs: Needs, request: UploadRequest): Promise<Response> {
  const { name, query } = request;
  const mount = query.get("mount");
  if (mount !== null && isDigest(mount)) {
    if (await findAndKeep(needs, mount, keptWhilePushed)) return created(name, mount);
  }
  const upload = needs.uploads.begin(name);
  if (query.get("digest") !== null) return await finishUpload(needs, upload, request);
  return new Response(null, { status: 202, headers: upload.headers() });
}

/** PATCH: one more piece. */
export async function appendUpload(upload: Upload, request: UploadRequest): Promise<Response> {
  await upload.append(request.body, startOf(request.headers));
  return new Response(null, { status: 202, headers: upload.headers() });
}

/** PUT: the last piece, which may be none, and what all of them are. */
export async function finishUpload(needs: Needs, upload: Upload, request: UploadRequest): Promise<Response> {
  const digest = digestIn(request.query.get("digest") ?? "");
  try {
    await upload.append(request.body, startOf(request.headers));
  } catch (error) {
    if (error instanceof RegistryFault) throw error;
    await needs.uploads.cancel(upload);
    throw error;
  }
  needs.images.keep(digest, keptWhilePushed);
  await needs.uploads.finish(upload, digest);
  return created(request.name, digest);
}

/** `Content-Range: 0-1023`, as this API writes it. */
function startOf(headers: Headers): number | undefined {
  const range = headers.get("content-range");
  if (range === null) return undefined;
  const start = /^(?:bytes )?(\d+)-\d+(?:\/.*)?$/.exec(range)?.[1];
  if (start === undefined) throw new RegistryFault("BLOB_UPLOAD_INVALID", `invalid Content-Range "${range}"`);
  return Number(start);
}

function created(name: string, digest: string): Response {
  return new Response(null, {
    status: 201,
    headers: {
      Location: `/v2/${name}/blobs/${digest}`,
      "Docker-Content-Digest": digest,
      "Content-Length": "0",
    },
  });
}
