import { RegistryFault } from "./fault.ts";
import { catalogOf, tagsOf } from "./offer.ts";
import { pageOf, pageResponse } from "./pages.ts";
import { allNames, type ReadNeeds, readBlob, readManifest } from "./read.ts";
import { parseTarget, type Target } from "./target.ts";
import { appendUpload, beginUpload, finishUpload } from "./upload-requests.ts";
import type { Uploads } from "./uploads.ts";
import { readManifestBody, writeManifest } from "./write.ts";

/** What one registry answers with. */
export interface AnswerNeeds extends ReadNeeds {
  readonly uploads: Uploads;
  readonly writable: boolean;
}

/** Answers one request of the OCI distribution API. Throws a `RegistryFault`, or what the stores throw. */
export async function answer(needs: AnswerNeeds, request: Request): Promise<Response> {
  const url = new URL(request.url);
  const target = parseTarget(url.pathname);
  if (!target) return new Response("404 page not found\n", { status: 404 });
  if (request.method === "GET" || request.method === "HEAD")
    return await read(needs, { target, url, request });
  if (!writes(request.method, target))
    throw new RegistryFault("UNSUPPORTED", "The operation is unsupported.");
  if (!needs.writable) {
    throw new RegistryFault(
      "UNSUPPORTED",
      "This registry is read-only: serve it with --writable to push to it.",
    );
  }
  return await write(needs, { target, url, request });
}

interface Asked {
  readonly target: Target;
  readonly url: URL;
  readonly request: Request;
}

async function read(needs: AnswerNeeds, { target, url, request }: Asked): Promise<Response> {
  const isHead = request.method === "HEAD";
  switch (target.kind) {
    case "base":
      return Response.json({});
    case "catalog": {
      const page = pageOf(catalogOf(allNames(needs)), url.searchParams);
      return pageResponse(url.pathname, page, { repositories: page.items });
    }
    case "tags":
      return listTags(needs, target.name, url);
    case "manifest":
      return await readManifest(needs, target.reference, { ...target, isHead, headers: request.headers });
    case "blob":
      return await readBlob(needs, target.digest, { ...target, isHead, headers: request.headers });
    case "referrers":
      return new Response(JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [] }), {
        headers: { "Content-Type": indexType },
      });
    case "upload":
      return new Response(null, {
        status: 204,
        headers: needs.uploads.get(target.name, target.id).headers(),
      });
    case "uploads":
      throw new RegistryFault("UNSUPPORTED", "The operation is unsupported.");
  }
}

const indexType = "application/vnd.oci.image.index.v1+json";

function listTags(needs: AnswerNeeds, name: string, url: URL): Response {
  const tags = tagsOf(allNames(needs), name);
  if (tags.length === 0) {
    throw new RegistryFault("NAME_UNKNOWN", "repository name not known to registry", { detail: { name } });
  }
  const page = pageOf(tags, url.searchParams);
  return pageResponse(url.pathname, page, { name, tags: page.items });
}

function writes(method: string, { kind }: Target): boolean {
  if (kind === "uploads") return method === "POST";
  if (kind === "upload") return ["PATCH", "PUT", "DELETE"].includes(method);
  return kind === "manifest" && method === "PUT";
}

async function write(needs: AnswerNeeds, { target, url, request }: Asked): Promise<Response> {
  const body = bodyOf(request);
  const asked = { query: url.searchParams, headers: request.headers, body };
  if (target.kind === "uploads") return await beginUpload(needs, { ...asked, name: target.name });
  if (target.kind === "manifest") {
    const mediaType = request.headers.get("content-type")?.split(";")[0]?.trim() || undefined;
    const bytes = await readManifestBody(body);
    return await writeManifest(needs, { ...target, bytes, mediaType, signal: request.signal });
  }
  if (target.kind !== "upload") throw new RegistryFault("UNSUPPORTED", "The operation is unsupported.");
  const upload = needs.uploads.get(target.name, target.id);
  if (request.method === "PATCH") return await appendUpload(upload, { ...asked, name: target.name });
  if (request.method === "PUT") return await finishUpload(needs, upload, { ...asked, name: target.name });
  await needs.uploads.cancel(upload);
  return new Response(null, { status: 204 });
}

async function* bodyOf(request: Request): AsyncGenerator<Uint8Array> {
  if (request.body) for await (const chunk of request.body) yield chunk;
}
