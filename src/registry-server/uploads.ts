import { type Digest, newID } from "../base/index.ts";
import type { ContentStore } from "../content/index.ts";
import { RegistryFault } from "./fault.ts";
import { Upload } from "./upload.ts";

/** Uploads at a time; each holds an open file. */
const most = 256;
/** An upload that nobody goes on with is given up. */
const patience = 10 * 60_000;

/** The uploads under way at one registry. */
export class Uploads {
  readonly #content: ContentStore;
  readonly #open = new Map<string, { readonly upload: Upload; timer: ReturnType<typeof setTimeout> }>();

  constructor(content: ContentStore) {
    this.#content = content;
  }

  begin(name: string): Upload {
    if (this.#open.size >= most) throw new RegistryFault("TOOMANYREQUESTS", "too many uploads at a time");
    const upload = new Upload(this.#content, newID().slice(0, 32), name);
    this.#open.set(upload.id, { upload, timer: this.#giveUpLater(upload.id) });
    return upload;
  }

  /** The upload of a path; asking for it is a sign of life. Throws `BLOB_UPLOAD_UNKNOWN`. */
  get(name: string, id: string): Upload {
    const entry = this.#open.get(id);
    if (!entry || entry.upload.name !== name)
      throw new RegistryFault("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
    clearTimeout(entry.timer);
    entry.timer = this.#giveUpLater(id);
    return entry.upload;
  }

  /** Ends an upload with the digest that it must have. */
  async finish(upload: Upload, digest: Digest): Promise<void> {
    this.#forget(upload.id);
    await upload.finish(digest);
  }

  async cancel(upload: Upload): Promise<void> {
    this.#forget(upload.id);
    await upload.cancel();
  }

  /** Gives all of them up. */
  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ upload }) => this.cancel(upload)));
  }

  #giveUpLater(id: string): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => {
      const entry = this.#open.get(id);
      if (entry) void this.cancel(entry.upload);
    }, patience);
    timer.unref();
    return timer;
  }

  #forget(id: string): void {
    clearTimeout(this.#open.get(id)?.timer);
    this.#open.delete(id);
  }
}
