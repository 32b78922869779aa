import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, type Digest, EngineError, parseDigest } from "../base/index.ts";

/** Small chunks are gathered up to this size before they are written. */
const gatherSize = 256 * 1024;

/**
 * A file being written that nobody sees yet. Disposing it removes it, unless `publish` has moved it to its place.
 */
export class StagedFile implements AsyncDisposable {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #hasher = new Bun.CryptoHasher("sha256");
  #gathered: Uint8Array[] = [];
  #gatheredSize = 0;
  #size = 0;
  #closed = false;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Opens a new staged file in `directory`. */
  static async open(directory: string): Promise<StagedFile> {
    const path = join(directory, randomBytes(12).toString("hex"));
    return new StagedFile(path, await withSpaceError(path, () => open(path, "wx", 0o644)));
  }

  get size(): number {
    return this.#size;
  }

  /** Appends and hashes a chunk. The chunk may be reused by the caller once this resolves. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#hasher.update(chunk);
    this.#size += chunk.length;
    if (this.#gatheredSize + chunk.length < gatherSize) {
      this.#gathered.push(chunk.slice());
      this.#gatheredSize += chunk.length;
      return;
    }
    await this.#flush();
    await this.#append([chunk]);
  }

  /** Ends the hash: the digest of all that was written. To be called once. */
  digest(): Digest {
    return parseDigest(`sha256:${this.#hasher.digest("hex")}`);
  }

  /** Syncs the bytes and moves the file to `target`. The caller syncs the directory. */
  async publish(target: string): Promise<void> {
    await this.#flush();
    // The kernel would stamp it with a coarse clock that runs behind ours.
    const now = new Date();
    await this.#file.utimes(now, now);
    await withSpaceError(this.#path, () => this.#file.sync());
    this.#closed = true;
    await this.#file.close();
    await rename(this.#path, target);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) await this.#file.close();
    await rm(this.#path, { force: true });
  }

  async #flush(): Promise<void> {
    const chunks = this.#gathered;
    this.#gathered = [];
    this.#gatheredSize = 0;
    if (chunks.length > 0) await this.#append(chunks);
  }

  async #append(chunks: readonly Uint8Array[]): Promise<void> {
    const bytes = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
    let at = 0;
    while (at < bytes.length) {
      const { bytesWritten } = await withSpaceError(this.#path, () => this.#file.write(bytes, at));
      at += bytesWritten;
    }
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
