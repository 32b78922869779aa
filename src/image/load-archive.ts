import { posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract, type Header } from "tar-stream";
import { type Digest, EngineError, isDigest, messageOf } from "../base/index.ts";
import type { ContentStore } from "../content/index.ts";
import type { ImageLease } from "./types.ts";

/** What an image archive holds: small documents as text, everything else stored as blobs. */
export interface Members {
  /** The documents `index.json`, `manifest.json`, … that are there. */
  readonly documents: ReadonlyMap<string, string>;
  /** Digest of each other file by its path in the archive; links are resolved. */
  find(path: string): Stored | undefined;
}

export interface Stored {
  readonly digest: Digest;
  readonly size: number;
}

const documentNames = new Set(["index.json", "manifest.json", "oci-layout", "repositories"]);
const documentLimit = 16 * 1024 * 1024;
/** Leftovers of the oldest format that nothing reads. */
const legacy = /^[0-9a-f]{64}\/(json|VERSION)$/;
const mostLinks = 10;

/** Stores the files of an image archive as they come. Paths are keys only: nothing is written under them. */
export async function readArchive(
  archive: AsyncIterable<Uint8Array>,
  needs: {
    readonly content: ContentStore;
    readonly lease: ImageLease;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Members> {
  const documents = new Map<string, string>();
  const files = new Map<string, Stored>();
  const links = new Map<string, string>();
  const entries = extract();
  const fed = pipeline(Readable.from(archive, { objectMode: true }), entries);
  // It is awaited below; until then a failure also ends the loop.
  fed.catch(() => undefined);
  try {
    for await (const entry of entries) {
      needs.signal?.throwIfAborted();
      const { header } = entry;
      const name = cleanName(header.name);
      const target = linkTarget(header, name);
      if (target !== undefined) links.set(name, target);
      if (!isFile(header) || legacy.test(name)) entry.resume();
      else if (documentNames.has(name)) documents.set(name, await readText(name, bytesOf(entry)));
      else files.set(name, await store(name, bytesOf(entry), needs));
    }
    await fed;
  } catch (error) {
    throw needs.signal?.aborted ? needs.signal.reason : archiveError(error);
  }
  return { documents, find: (path) => follow(cleanName(path), files, links) };
}

async function* bytesOf(entry: AsyncIterable<unknown>): AsyncIterable<Uint8Array> {
  for await (const chunk of entry) if (chunk instanceof Uint8Array) yield chunk;
}

async function store(
  name: string,
  source: AsyncIterable<Uint8Array>,
  needs: {
    readonly content: ContentStore;
    readonly lease: ImageLease;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Stored> {
  const wanted = `sha256:${/^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1] ?? ""}`;
  const { digest, size } = await needs.content.ingest(source, {
    mediaType: "application/octet-stream",
    ...(isDigest(wanted) ? { expected: { digest: wanted } } : {}),
    ...(needs.signal ? { signal: needs.signal } : {}),
  });
  needs.lease.protect(digest);
  return { digest, size };
}

async function readText(name: string, source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > documentLimit) {
      throw new EngineError("invalid", `Cannot load images: ${name} is larger than ${documentLimit} bytes`, {
        subject: name,
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function follow(
  path: string,
  files: ReadonlyMap<string, Stored>,
  links: ReadonlyMap<string, string>,
): Stored | undefined {
  let at = path;
  for (let hop = 0; hop < mostLinks; hop += 1) {
    const stored = files.get(at);
    const target = links.get(at);
    if (stored || target === undefined) return stored;
    at = target;
  }
  return undefined;
}

function linkTarget(header: Header, name: string): string | undefined {
  const target = header.linkname;
  if (header.type === "link") return cleanName(target);
  return header.type === "symlink" ? cleanName(posix.join(posix.dirname(name), target)) : undefined;
}

function isFile(header: Header): boolean {
  return header.type === "file" || header.type === "contiguous-file";
}

function cleanName(name: string): string {
  return posix.normalize(name).replace(/^\.?\/+/, "");
}

function archiveError(error: unknown): unknown {
  if (error instanceof EngineError) return error;
  return new EngineError("invalid", `Cannot load images: ${messageOf(error)}`, {
    subject: "archive",
    cause: error,
  });
}
