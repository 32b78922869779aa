import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import {
  atomicWrite,
  codeOf,
  type Digest,
  EngineError,
  hexOf,
  isDigest,
  KeyedMutex,
  noStep,
  parseDigest,
  type Step,
  syncDirectory,
} from "../base/index.ts";
import { type Descriptor, type Index, mediaTypes } from "../oci/index.ts";
import { Arriving } from "./arrival.ts";
import { fetchBlob } from "./fetch-blob.ts";
import { StagedFile } from "./staged-file.ts";
import type {
  Arrival,
  BlobSource,
  ContentStore,
  Expected,
  FetchOptions,
  IngestOptions,
  Known,
} from "./types.ts";

const layoutFile = '{"imageLayoutVersion":"1.0.0"}';
const readLimit = 8 * 1024 * 1024;

/** Opens the store in `directory`, making it when absent, and removes what unfinished ingests have left. */
export async function openContentStore(
  directory: string,
  options: { step?: Step } = {},
): Promise<ContentStore> {
  const blobs = join(directory, "blobs", "sha256");
  const ingests = join(directory, "ingest");
  await mkdir(blobs, { recursive: true });
  await mkdir(ingests, { recursive: true });
  const store = new DirectoryStore({ directory, blobs, ingests, step: options.step ?? noStep });
  await store.writeLayout();
  await store.sweepUnknown();
  return store;
}

class DirectoryStore implements ContentStore {
  readonly #directory: string;
  readonly #blobs: string;
  readonly #ingests: string;
  readonly #step: Step;
  /** Publishing and removing the same digest exclude each other. */
  readonly #turns = new KeyedMutex();
  #lastIndex: Promise<void> = Promise.resolve();

  constructor(parts: { directory: string; blobs: string; ingests: string; step: Step }) {
    this.#directory = parts.directory;
    this.#blobs = parts.blobs;
    this.#ingests = parts.ingests;
    this.#step = parts.step;
  }

  async writeLayout(): Promise<void> {
    const path = join(this.#directory, "oci-layout");
    if (!(await exists(path))) await atomicWrite(path, layoutFile, { sync: true });
    if (!(await exists(join(this.#directory, "index.json")))) await this.setIndex([]);
  }

  async ingest(source: AsyncIterable<Uint8Array>, options: IngestOptions): Promise<Descriptor> {
    const { expected = {}, signal } = options;
    await using staged = await StagedFile.open(this.#ingests);
    for await (const chunk of source) {
      signal?.throwIfAborted();
      await staged.write(chunk);
      if (expected.size !== undefined && staged.size > expected.size) break;
    }
    signal?.throwIfAborted();
    const actual = { digest: await staged.digest(), size: staged.size };
    verify(actual, expected);
    options.claim?.(actual.digest);
    await this.#publish(staged, actual.digest);
    return { mediaType: options.mediaType, ...actual };
  }

  fetch(expected: Known, source: BlobSource, options: FetchOptions = {}): Arrival {
    const arriving = new Arriving(join(this.#ingests, hexOf(parseDigest(expected.digest))));
    this.#fetch({ expected, source }, arriving, options).catch((error: unknown) => arriving.fail(error));
    return arriving;
  }

  async sweepBeginnings(isKept: (digest: Digest) => boolean): Promise<{ bytes: number }> {
    let bytes = 0;
    for (const name of await readdir(this.#ingests)) {
      const digest = `sha256:${name}`;
      if (!isDigest(digest) || this.#turns.isHeld(fetchTurn(digest))) continue;
      using _turn = await this.#turns.acquire(fetchTurn(digest));
      const path = join(this.#ingests, name);
      const found = await statFile(path);
      if (!found || isKept(digest)) continue;
      await rm(path, { force: true });
      bytes += found.size;
    }
    return { bytes };
  }

  /** Removes what ingests of an earlier process have left that nothing can go on with. */
  async sweepUnknown(): Promise<void> {
    for (const name of await readdir(this.#ingests))
      if (!isDigest(`sha256:${name}`)) await rm(join(this.#ingests, name), { recursive: true, force: true });
  }

  async put(bytes: Uint8Array, mediaType: string): Promise<Descriptor> {
    return await this.ingest(once(bytes), { mediaType });
  }

  async *open(digest: Digest, { offset = 0 } = {}): AsyncIterable<Uint8Array> {
    const stream = createReadStream(await this.path(digest), { highWaterMark: 1024 * 1024, start: offset });
    try {
      for await (const chunk of stream) yield chunk;
    } catch (error) {
      throw codeOf(error) === "ENOENT" ? noBlob(digest) : error;
    } finally {
      stream.destroy();
    }
  }

  async read(digest: Digest, limit = readLimit): Promise<Uint8Array> {
    const found = await this.find(digest);
    if (!found) throw noBlob(digest);
    if (found.size > limit) {
      throw new EngineError(
        "invalid",
        `Cannot read blob ${digest}: ${found.size} bytes are more than ${limit}`,
        {
          subject: digest,
        },
      );
    }
    const bytes = await readFile(this.#file(digest));
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  async find(digest: Digest): Promise<{ size: number; created: number; modified: number } | undefined> {
    const found = await statFile(this.#file(digest));
    return found && { size: found.size, created: found.birthtimeMs, modified: found.mtimeMs };
  }

  async path(digest: Digest): Promise<string> {
    if (!(await this.find(digest))) throw noBlob(digest);
    return this.#file(digest);
  }

  async remove(
    digest: Digest,
    options: { readonly storedBefore?: number; readonly unless?: () => boolean } = {},
  ): Promise<boolean> {
    using _turn = await this.#turns.acquire(digest);
    const { storedBefore } = options;
    if (options.unless?.()) return false;
    if (storedBefore !== undefined) {
      const found = await this.find(digest);
      if (found && found.modified >= storedBefore) return false;
    }
    await rm(this.#file(digest), { force: true });
    this.#step("content:removed");
    return true;
  }

  async *list(): AsyncIterable<Digest> {
    for (const name of await readdir(this.#blobs)) {
      const digest = `sha256:${name}`;
      if (isDigest(digest)) yield digest;
    }
  }

  async setIndex(manifests: readonly Descriptor[]): Promise<void> {
    const index: Index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
    const write = async (): Promise<void> => {
      await atomicWrite(join(this.#directory, "index.json"), JSON.stringify(index));
      this.#step("content:index-written");
    };
    const turn = this.#lastIndex.then(write, write);
    this.#lastIndex = turn;
    await turn;
  }

  async #fetch(
    what: { readonly expected: Known; readonly source: BlobSource },
    arriving: Arriving,
    options: FetchOptions,
  ): Promise<void> {
    const { digest, size } = what.expected;
    const path = this.#file(digest);
    using _turn = await this.#turns.acquire(fetchTurn(digest));
    if (!(await touch(path))) {
      const publish = async (staged: StagedFile): Promise<void> => {
        await this.#publish(staged, digest, () => arriving.moved(path));
      };
      await fetchBlob({ ...what, path: arriving.path }, arriving, { ...options, publish, step: this.#step });
    }
    arriving.store(path, size);
  }

  /** Same digest, same bytes: whoever renames last changes nothing. One that is there only becomes younger. */
  async #publish(staged: StagedFile, digest: Digest, moved?: () => void): Promise<void> {
    const path = this.#file(digest);
    using _turn = await this.#turns.acquire(digest);
    if (await touch(path)) return moved?.();
    this.#step("content:staged");
    await staged.publish(path, moved);
    this.#step("content:published");
    await syncDirectory(this.#blobs);
  }

  #file(digest: Digest): string {
    return join(this.#blobs, hexOf(parseDigest(digest)));
  }
}

function fetchTurn(digest: Digest): string {
  return `fetch ${digest}`;
}

function verify(actual: { digest: Digest; size: number }, expected: Expected): void {
  const wrongDigest = expected.digest !== undefined && expected.digest !== actual.digest;
  const wrongSize = expected.size !== undefined && expected.size !== actual.size;
  if (!wrongDigest && !wrongSize) return;
  const text = wrongSize
    ? `content does not have ${expected.size} bytes`
    : `content is ${actual.digest}, ${actual.size} bytes`;
  const subject = expected.digest ?? actual.digest;
  throw new EngineError("invalid", `Cannot store blob ${subject}: ${text}`, { subject });
}

async function touch(path: string): Promise<boolean> {
  const now = new Date();
  try {
    await utimes(path, now, now);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return (await statFile(path)) !== undefined;
}

async function statFile(
  path: string,
): Promise<{ size: number; mtimeMs: number; birthtimeMs: number } | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

function noBlob(digest: Digest): EngineError {
  return new EngineError("not-found", `No such blob: ${digest}`, { subject: digest });
}
