import { posix } from "node:path";
import { type Digest, EngineError, isDigest, messageOf } from "../base/index.ts";
import type { ContentStore } from "../content/index.ts";
import { readTar, type TarMember } from "./tar-reader.ts";
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
/** Hundreds of images with all their layers. */
const mostMembers = 100_000;

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
  let count = 0;
  try {
    for await (const member of readTar(archive)) {
      needs.signal?.throwIfAborted();
      count += 1;
      if (count > mostMembers) throw refuse(`the archive has more than ${mostMembers} files`, "archive");
      const name = cleanName(member.name);
      const target = linkTarget(member, name);
      if (target !== undefined) links.set(name, target);
      if (!isFile(member) || legacy.test(name)) continue;
      // As when they are unpacked: the last one of a name is what counts.
      links.delete(name);
      if (documentNames.has(name)) documents.set(name, await readText(name, member.bytes));
      else files.set(name, await store(name, member.bytes, needs));
    }
  } catch (error) {
    throw needs.signal?.aborted ? needs.signal.reason : archiveError(error);
  }
  return { documents, find: (path) => follow(cleanName(path), files, links) };
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
    // From here on another load that fails does not take it along.
    claim: (known) => needs.lease.protect(known),
  });
  return { digest, size };
}

async function readText(name: string, source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > documentLimit) throw refuse(`${name} is larger than ${documentLimit} bytes`, name);
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

function linkTarget({ type, target }: TarMember, name: string): string | undefined {
  if (type === "1") return cleanName(target);
  return type === "2" ? cleanName(posix.join(posix.dirname(name), target)) : undefined;
}

function isFile({ type, name }: TarMember): boolean {
  return (type === "0" || type === "7") && !name.endsWith("/");
}

function cleanName(name: string): string {
  return posix.normalize(name).replace(/^\.?\/+/, "");
}

function refuse(why: string, subject: string): EngineError {
  return new EngineError("invalid", `Cannot load images: ${why}`, { subject });
}

function archiveError(error: unknown): unknown {
  if (error instanceof EngineError) return error;
  return new EngineError("invalid", `Cannot load images: ${messageOf(error)}`, {
    subject: "archive",
    cause: error,
  });
}
