import type { Digest } from "../base/index.ts";
import type { ContentStore } from "../content/index.ts";
import type { Document, Sink } from "./types.ts";

/** What a store of blobs needs beside the blobs. */
export interface ContentSinkOptions {
  /** Told of each digest before it is looked up, so that it is kept. */
  readonly claim?: (digest: Digest) => void;
  readonly finish: (document: Document, signal?: AbortSignal) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A store of blobs in files. What a failed transfer has stored is found again by the next one. */
export function contentSink(content: ContentStore, options: ContentSinkOptions): Sink {
  const { claim = () => {}, finish, close } = options;
  const store = async ({ bytes, descriptor }: Document): Promise<void> => {
    claim(descriptor.digest);
    await content.put(bytes, descriptor.mediaType);
  };
  return {
    takesIndex: true,
    async blob({ digest, size }, open, { signal, report }) {
      claim(digest);
      if ((await content.find(digest))?.size === size) return "there";
      const arrival = content.fetch({ digest, size }, open, { report, ...(signal ? { signal } : {}) });
      await arrival.stored;
      return "copied";
    },
    manifest: store,
    async finish(document, signal) {
      await store(document);
      await finish(document, signal);
    },
    [Symbol.asyncDispose]: close,
  };
}
