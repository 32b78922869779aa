import { type Digest, digestOf, EngineError, Limiter } from "../base/index.ts";
import {
  choosePlatform,
  type Descriptor,
  formatPlatform,
  hostPlatform,
  type Index,
  type Platform,
  parseManifestOrIndex,
} from "../oci/index.ts";
import type { Document, Put, Sink, Source, TransferProgress, Transferred } from "./types.ts";

export interface CopyOptions {
  /** Every platform of an index, with the index. */
  readonly all: boolean;
  readonly platform?: Platform | undefined;
  readonly report: (event: TransferProgress) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Blobs that move at a time. */
const parallel = 4;

/** Copies an image from end to end as it is: same bytes, same digests. Blobs that the target has do not move. */
export async function copyImage(source: Source, sink: Sink, options: CopyOptions): Promise<Transferred> {
  const top = await wantedTop(source, sink, options);
  const work = new Work(source, sink, options);
  const parsed = parse(top);
  if (parsed.kind === "index") {
    for (const one of parsed.index.manifests) await work.child(await source.manifest(one));
  } else await work.blobsOf(top);
  options.report({ digest: top.descriptor.digest, status: "Writing manifest" });
  await sink.finish(top, options.signal);
  return { digest: top.descriptor.digest, size: top.descriptor.size, ...work.result() };
}

/** What to copy: the whole index where all of it is wanted, else one platform's manifest. */
async function wantedTop(source: Source, sink: Sink, options: CopyOptions): Promise<Document> {
  const top = verified(await source.top());
  const parsed = parse(top);
  if (parsed.kind === "manifest") return top;
  if (options.all) {
    if (sink.takesIndex) return top;
    throw new EngineError("invalid", "the target holds one platform: choose it, or leave out --all", {
      subject: top.descriptor.digest,
    });
  }
  return verified(await source.manifest(chosen(parsed.index, options.platform ?? hostPlatform())));
}

function chosen(index: Index, platform: Platform): Descriptor {
  const images = index.manifests.filter((one) => one.platform?.os !== "unknown");
  const found = choosePlatform(images, platform);
  if (found) return found;
  throw new EngineError(
    "not-found",
    `no matching manifest for ${formatPlatform(platform)} in the manifest list entries`,
    { subject: formatPlatform(platform) },
  );
}

function parse({ bytes, descriptor }: Document): ReturnType<typeof parseManifestOrIndex> {
  return parseManifestOrIndex(bytes, `manifest ${descriptor.digest}`);
}

/** Manifests are small: both ends may trust what passes here. */
function verified(document: Document): Document {
  const { bytes, descriptor } = document;
  const actual = digestOf(bytes);
  if (actual === descriptor.digest && bytes.length === descriptor.size) return document;
  throw new EngineError("invalid", `manifest ${descriptor.digest} is ${actual}, ${bytes.length} bytes`, {
    subject: descriptor.digest,
  });
}

/** One transfer: each blob once, however many manifests name it. */
class Work {
  readonly #source: Source;
  readonly #sink: Sink;
  readonly #options: CopyOptions;
  readonly #limiter = new Limiter(parallel);
  readonly #blobs = new Map<Digest, Promise<void>>();
  readonly #counts: Record<Put, number> = { there: 0, mounted: 0, copied: 0 };
  #bytes = 0;

  constructor(source: Source, sink: Sink, options: CopyOptions) {
    this.#source = source;
    this.#sink = sink;
    this.#options = options;
  }

  /** A platform's manifest, or an index within the index. */
  async child(document: Document, depth = 3): Promise<void> {
    const parsed = parse(verified(document));
    if (parsed.kind === "manifest") await this.blobsOf(document);
    else if (depth === 0) {
      const { digest } = document.descriptor;
      throw new EngineError("invalid", `index ${digest} is nested too deeply`, { subject: digest });
    } else {
      for (const one of parsed.index.manifests) await this.child(await this.#source.manifest(one), depth - 1);
    }
    await this.#sink.manifest(document);
  }

  async blobsOf(document: Document): Promise<void> {
    const parsed = parse(document);
    if (parsed.kind === "index") return;
    const { config, layers } = parsed.manifest;
    const waiting = [config, ...layers].map((blob) => this.#once(blob));
    // All of them have ended before anything is thrown: what is still moving needs both ends.
    const results = await Promise.allSettled(waiting);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  result(): Pick<Transferred, "blobs" | "bytes"> {
    return { blobs: this.#counts, bytes: this.#bytes };
  }

  #once(blob: Descriptor): Promise<void> {
    const known = this.#blobs.get(blob.digest);
    if (known) return known;
    const moving = this.#limiter.run(() => this.#move(blob));
    this.#blobs.set(blob.digest, moving);
    return moving;
  }

  async #move(blob: Descriptor): Promise<void> {
    const { report, signal } = this.#options;
    signal?.throwIfAborted();
    const { digest, size: total } = blob;
    const put = await this.#sink
      .blob(blob, (offset) => this.#source.blob(blob, offset), {
        signal,
        from: this.#source.place,
        report: (current) => report({ digest, status: "Copying", current, total }),
      })
      .catch((error: unknown) => {
        throw signal?.aborted ? signal.reason : blobError(digest, error);
      });
    this.#counts[put] += 1;
    if (put === "copied") this.#bytes += total;
    report({ digest, status: texts[put] });
  }
}

/** Neither end knows which blob the user would miss. */
function blobError(digest: Digest, error: unknown): unknown {
  if (!(error instanceof EngineError) || error.message.includes(digest)) return error;
  const text = `Cannot copy blob ${digest}: ${error.message}`;
  return new EngineError(error.kind, text, { subject: digest, cause: error });
}

const texts: Readonly<Record<Put, string>> = {
  there: "Already there",
  mounted: "Mounted",
  copied: "Copied",
};
