import type { ContentStore } from "../content/index.ts";
import type { Image, ImageService } from "../image/index.ts";
import { type Descriptor, formatReference, parseReference, withDefaultTag } from "../oci/index.ts";
import { contentSink } from "./content-sink.ts";
import { fileSource } from "./file-source.ts";
import type { Document, Sink, Source } from "./types.ts";

/** The engine's own images. */
export interface EngineEnd {
  readonly images: Pick<ImageService, "get" | "lease">;
  readonly content: ContentStore;
  /** The index that an image came with, where all its platforms are here. */
  readonly indexOf: (image: Image, reference: string) => Promise<Descriptor | undefined>;
  /** Makes a stored manifest or index an image of this full name. */
  readonly take: (fullName: string, document: Document, signal?: AbortSignal) => Promise<void>;
}

/** An image of this engine; its blobs stay until the source is closed. */
export async function engineSource(engine: EngineEnd, reference: string): Promise<Source> {
  const image = engine.images.get(reference);
  const lease = engine.images.lease();
  const { config, layers, mediaType } = image.manifest;
  for (const { digest } of [config, ...layers]) lease.protect(digest);
  lease.protect(image.manifestDigest);
  const close = async () => lease[Symbol.dispose]();
  try {
    const size = (await engine.content.find(image.manifestDigest))?.size ?? 0;
    const own: Descriptor = { mediaType, digest: image.manifestDigest, size };
    const top = (await engine.indexOf(image, reference)) ?? own;
    return fileSource(top, (digest) => engine.content.path(digest), close);
  } catch (error) {
    await close();
    throw error;
  }
}

/** A new image of this engine, or a new name for one. */
export function engineSink(engine: EngineEnd, name: string): Sink {
  const fullName = formatReference(withDefaultTag(parseReference(name)));
  const lease = engine.images.lease();
  return contentSink(engine.content, {
    claim: (digest) => lease.protect(digest),
    finish: (document, signal) => engine.take(fullName, document, signal),
    close: async () => lease[Symbol.dispose](),
  });
}
