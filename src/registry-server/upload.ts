import { type Digest, messageOf } from "../base/index.ts";
import type { ContentStore } from "../content/index.ts";
import type { Descriptor } from "../oci/index.ts";
import { RegistryFault } from "./fault.ts";
import { Pipe } from "./pipe.ts";

/** The kernel stamps new files with a coarse clock that runs behind. */
const clockStep = 50;

/** A blob on its way in: hashed and written as it comes, over as many requests as the client likes. */
export class Upload {
  readonly id: string;
  readonly name: string;
  readonly #content: ContentStore;
  readonly #began = Date.now();
  readonly #pipe = new Pipe();
  readonly #stored: Promise<Descriptor>;
  #received = 0;
  #busy = false;

  constructor(content: ContentStore, id: string, name: string) {
    this.id = id;
    this.name = name;
    this.#content = content;
    this.#stored = content.ingest(this.#pipe, { mediaType: "application/octet-stream" });
    this.#stored.catch((error: unknown) => this.#pipe.fail(error));
  }

  /** Bytes that have arrived. */
  get received(): number {
    return this.#received;
  }

  /**
   * Appends a request's body, which must begin at `start` when that is given. What has come before a client left
   * stays: it may go on from there.
   */
  async append(body: AsyncIterable<Uint8Array>, start: number | undefined): Promise<void> {
    if (start !== undefined && start !== this.#received) {
      throw new RegistryFault("RANGE_INVALID", "blob upload chunk out of order", { headers: this.headers() });
    }
    if (this.#busy) throw new RegistryFault("BLOB_UPLOAD_INVALID", "another request is writing this upload");
    this.#busy = true;
    try {
      for await (const chunk of body) {
        await this.#pipe.write(chunk);
        this.#received += chunk.length;
      }
    } finally {
      this.#busy = false;
    }
  }

  /** All has come: stores it. Throws `DIGEST_INVALID` when it is something else, and keeps nothing then. */
  async finish(digest: Digest): Promise<Descriptor> {
    if (this.#busy) throw new RegistryFault("BLOB_UPLOAD_INVALID", "another request is writing this upload");
    this.#pipe.end();
    const stored = await this.#stored;
    if (stored.digest === digest) return stored;
    await this.#drop(stored.digest);
    throw new RegistryFault("DIGEST_INVALID", "provided digest did not match uploaded content", {
      detail: { digest },
    });
  }

  /** Gives up; nothing stays. */
  async cancel(): Promise<void> {
    this.#pipe.fail(new RegistryFault("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry"));
    await this.#stored.catch(messageOf);
  }

  /** Where the upload goes on, and from which byte. */
  headers(): Record<string, string> {
    return {
      Location: `/v2/${this.name}/blobs/uploads/${this.id}`,
      Range: `0-${Math.max(0, this.#received - 1)}`,
      "Docker-Upload-UUID": this.id,
      "Content-Length": "0",
    };
  }

  /** Takes away what this upload alone has stored under a digest that nobody has named. */
  async #drop(digest: Digest): Promise<void> {
    const found = await this.#content.find(digest);
    if (found && found.created >= this.#began - clockStep) await this.#content.remove(digest);
  }
}
