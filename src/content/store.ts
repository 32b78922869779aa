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
import { StagedFile } from "./staged-file.ts";
import type { ContentStore, Expected } from "./types.ts";

const layoutFile = '{"imageLayoutVersion":"1.0.0"}';
const readLimit = 8 * 1024 * 1024;

/** Opens the store in `directory`, making it when absent, and removes what unfinished ingests have left. */
export async function openContentStore(
  directory: string,
  options: { step?: Step } = {},
): Promise<ContentStore> {
  const blobs = join(directory, "blobs", "sha256");
  const ingests = join(directory, "ingest");
  await rm(ingests, { recursive: true, force: true });
  await mkdir(blobs, { recursive: true });
  await mkdir(ingests, { recursive: true });
  const store = new DirectoryStore({ directory, blobs, ingests, step: options.step ?? noStep });
  await store.writeLayout();
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

  async ingest(
    source: AsyncIterable<Uint8Array>,
    options: { mediaType: string; expected?: Expected; signal?: AbortSignal },
  ): Promise<Descriptor> {
    const { expected = {}, signal } = options;
    await using staged = await StagedFile.open(this.#ingests);
    for await (const chunk of source) {
      signal?.throwIfAborted();
      await staged.write(chunk);
      if (expected.size !== undefined && staged.size > expected.size) break;
    }
    signal?.throwIfAborted();
    const actual = { digest: staged.digest(), size: staged.size };
    verify(actual, expected);
    await this.#publish(staged, actual.digest);
    return { mediaType: options.mediaType, ...actual };
  }

  async put(bytes: Uint8Array, mediaType: string): Promise<Descriptor> {
    return await this.ingest(once(bytes), { mediaType });
  }

  async *open(digest: Digest): AsyncIterable<Uint8Array> {
    const stream = createReadStream(await this.path(digest), { highWaterMark: 1024 * 1024 });
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
      throw new EngineError("invalid", `Cannot read blob: ${found.size} bytes are more than ${limit}`, {
        subject: digest,
      });
    }
    const bytes = await readFile(this.#file(digest));
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  async find(digest: Digest): Promise<{ size: number; created: number; modified: number } | undefined> {
    try {
      const { size, birthtimeMs, mtimeMs } = await stat(this.#file(digest));
      return { size, created: birthtimeMs, modified: mtimeMs };
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  async path(digest: Digest): Promise<string> {
    if (!(await this.find(digest))) throw noBlob(digest);
    return this.#file(digest);
  }

  async remove(digest: Digest, options: { readonly storedBefore?: number } = {}): Promise<boolean> {
    using _turn = await this.#turns.acquire(digest);
    const { storedBefore } = options;
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
    const write = () => atomicWrite(join(this.#directory, "index.json"), JSON.stringify(index));
    const turn = this.#lastIndex.then(write, write);
    this.#lastIndex = turn;
    await turn;
  }

  /** Same digest, same bytes: whoever renames last changes nothing. One that is there only becomes younger. */
  async #publish(staged: StagedFile, digest: Digest): Promise<void> {
    const path = this.#file(digest);
    using _turn = await this.#turns.acquire(digest);
    if (await touch(path)) return;
    this.#step("content:staged");
    await staged.publish(path);
    this.#step("content:published");
    await syncDirectory(this.#blobs);
  }

  #file(digest: Digest): string {
    return join(this.#blobs, hexOf(parseDigest(digest)));
  }
}

function verify(actual: { digest: Digest; size: number }, expected: Expected): void {
  const wrongDigest = expected.digest !== undefined && expected.digest !== actual.digest;
  const wrongSize = expected.size !== undefined && expected.size !== actual.size;
  if (!wrongDigest && !wrongSize) return;
  const text = wrongSize
    ? `content does not have ${expected.size} bytes`
    : `content is ${actual.digest}, ${actual.size} bytes`;
  throw new EngineError("invalid", `Cannot store blob: ${text}`, {
    subject: expected.digest ?? actual.digest,
  });
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
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

function noBlob(digest: Digest): EngineError {
  return new EngineError("not-found", `No such blob: ${digest}`, { subject: digest });
}
