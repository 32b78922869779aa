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
/** Files that are taken and not stored yet. */
const mostPending = 8;

interface Needs {
  readonly content: ContentStore;
  readonly lease: ImageLease;
  readonly signal?: AbortSignal | undefined;
}

/** Stores the files of an image archive as they come. Paths are keys only: nothing is written under them. */
export async function readArchive(archive: AsyncIterable<Uint8Array>, needs: Needs): Promise<Members> {
  const documents = new Map<string, string>();
  const files = new StoredFiles(needs);
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
      else await files.take(name, member.bytes);
    }
    await files.finish();
  } catch (error) {
    await files.settled();
    throw needs.signal?.aborted ? needs.signal.reason : archiveError(error);
  }
  return { documents, find: (path) => follow(cleanName(path), files.stored, links) };
}

/** Files of an archive on their way into the store: while some are brought to the disk, the next one is read. */
class StoredFiles {
  readonly stored = new Map<string, Stored>();
  readonly #needs: Needs;
  readonly #last = new Map<string, symbol>();
  readonly #pending = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** Resolves when the bytes have been taken, though they may not be stored yet. Throws what an earlier file met. */
  async take(name: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    this.stored.delete(name);
    const turn = Symbol(name);
    this.#last.set(name, turn);
    while (this.#pending.size >= mostPending) await Promise.race(this.#pending);
    const taken = Promise.withResolvers<void>();
    const work = this.#store(name, untilTaken(bytes, taken.resolve), turn).catch((error: unknown) => {
      this.#failure ??= { error };
    });
    const pending = work.then(() => void this.#pending.delete(pending));
    this.#pending.add(pending);
    await Promise.race([taken.promise, pending]);
    this.#check();
  }

  /** Resolves when all are stored; throws when one could not be. */
  async finish(): Promise<void> {
    await this.settled();
    this.#check();
  }

  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  #check(): void {
    if (this.#failure) throw this.#failure.error;
  }

  async #store(name: string, source: AsyncIterable<Uint8Array>, turn: symbol): Promise<void> {
    const { content, lease, signal } = this.#needs;
    const wanted = `sha256:${/^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1] ?? ""}`;
    const { digest, size } = await content.ingest(source, {
      mediaType: "application/octet-stream",
      ...(isDigest(wanted) ? { expected: { digest: wanted } } : {}),
      ...(signal ? { signal } : {}),
      // From here on another load that fails does not take it along.
      claim: (known) => lease.protect(known),
    });
    // Another of the same name may have come and gone meanwhile.
    if (this.#last.get(name) === turn) this.stored.set(name, { digest, size });
  }
}

async function* untilTaken(source: AsyncIterable<Uint8Array>, taken: () => void): AsyncIterable<Uint8Array> {
  try {
    yield* source;
  } finally {
    taken();
  }
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
