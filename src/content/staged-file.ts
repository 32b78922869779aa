import { randomBytes } from "node:crypto";
import { renameSync } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, type Digest, EngineError, parseDigest } from "../base/index.ts";

/** Chunks are gathered up to this size before they are hashed and written: the first ones, as most blobs are small. */
const firstGather = 32 * 1024;
const gatherSize = 512 * 1024;
/** So often what was written is sent on to the disk, for the last flush to be short. */
const syncEvery = 32 * 1024 * 1024;

/**
 * A file being written that nobody sees yet. Disposing it removes it, unless `publish` has moved it to its place or
 * `keep` was called.
 */
export class StagedFile implements AsyncDisposable {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #hasher = new Bun.CryptoHasher("sha256");
  #gathered = Buffer.allocUnsafe(firstGather);
  #gatheredSize = 0;
  #written = 0;
  #synced = 0;
  #syncing: Promise<void> = Promise.resolve();
  #kept = false;
  #closed = false;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** Opens a new staged file in `directory`. */
  static async open(directory: string): Promise<StagedFile> {
    const path = join(directory, randomBytes(12).toString("hex"));
    return new StagedFile(path, await withSpaceError(path, () => open(path, "wx", 0o644)));
  }

  /** Opens `path` to go on behind what is there already; makes it when absent. The hash knows nothing of it yet. */
  static async resume(path: string): Promise<StagedFile> {
    const file = await withSpaceError(path, () => open(path, "a+", 0o644));
    const staged = new StagedFile(path, file);
    staged.#written = (await file.stat()).size;
    return staged;
  }

  /** Bytes taken so far. */
  get size(): number {
    return this.#written + this.#gatheredSize;
  }

  /** Bytes that a reader of the file finds. */
  get written(): number {
    return this.#written;
  }

  /** Hashes what a resumed file began with. To be called before the first write. */
  async rehash(signal?: AbortSignal): Promise<void> {
    const buffer = Buffer.allocUnsafe(gatherSize);
    for (let at = 0; at < this.#written; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) throw new Error(`${this.path} became shorter while it was read`);
      this.#hasher.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  }

  /** Appends a chunk. The chunk may be reused by the caller once this resolves. */
  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + this.#gathered.length - this.#gatheredSize);
      this.#gathered.set(part, this.#gatheredSize);
      this.#gatheredSize += part.length;
      at += part.length;
      if (this.#gatheredSize === this.#gathered.length) await this.#flushFull();
    }
  }

  /** Hashes and writes what has been gathered. */
  async flush(): Promise<void> {
    if (this.#gatheredSize === 0) return;
    const bytes = this.#gathered.subarray(0, this.#gatheredSize);
    this.#hasher.update(bytes);
    this.#gatheredSize = 0;
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await withSpaceError(this.path, () => this.#file.write(bytes, at));
      at += bytesWritten;
      this.#written += bytesWritten;
    }
    if (this.#written - this.#synced >= syncEvery) this.#syncSoon();
  }

  async #flushFull(): Promise<void> {
    await this.flush();
    if (this.#gathered.length < gatherSize) this.#gathered = Buffer.allocUnsafe(gatherSize);
  }

  /** Ends the hash: the digest of all that was written. To be called once. */
  async digest(): Promise<Digest> {
    await this.flush();
    return parseDigest(`sha256:${this.#hasher.digest("hex")}`);
  }

  /** Syncs the bytes and moves the file to `target`; `moved` is called in the same breath. The caller syncs the directory. */
  async publish(target: string, moved: () => void = () => {}): Promise<void> {
    await this.flush();
    await this.#syncing;
    // The kernel would stamp it with a coarse clock that runs behind ours.
    const now = new Date();
    await this.#file.utimes(now, now);
    await withSpaceError(this.path, () => this.#file.sync());
    await this.#close();
    renameSync(this.path, target);
    this.#kept = true;
    moved();
  }

  /** Writes what has been gathered; the file stays when this is disposed. */
  async keep(): Promise<void> {
    this.#kept = true;
    await this.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    if (!this.#kept) await rm(this.path, { force: true });
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#syncing;
    await this.#file.close();
    this.#gathered = Buffer.alloc(0);
  }

  /** Errors show up again at the last sync. */
  #syncSoon(): void {
    this.#synced = this.#written;
    this.#syncing = this.#syncing.then(() => this.#file.datasync()).catch(() => undefined);
  }
}

async function withSpaceError<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (codeOf(error) !== "ENOSPC" && codeOf(error) !== "EDQUOT") throw error;
    throw new EngineError("internal", "no space left on device", { subject: path, cause: error });
  }
}
