import type { ImageDiffHead, ImageFileChange, ImageLayersResponse } from "../wire/index.ts";
import { jsonLines } from "./json-lines.ts";
import type { Cancel } from "./options.ts";
import { segment } from "./request.ts";
import type { Transport } from "./transport.ts";

type Changes = AsyncGenerator<ImageFileChange, void>;

/** What images are made of. Gantry's own: Docker's engine answers `not-found`. */
export interface LayerViewsClient {
  layers(name: string, options?: Cancel): Promise<ImageLayersResponse>;
  /** What each layer, or the one of this number (from 1), does to files. */
  files(name: string, options?: Cancel & { readonly layer?: number | undefined }): Promise<Changes>;
  /** What differs between two images. */
  diff(
    older: string,
    newer: string,
    options?: Cancel & { readonly path?: string | undefined },
  ): Promise<{ readonly head: ImageDiffHead; readonly changes: Changes }>;
}

export function layerViewsClient(transport: Transport): LayerViewsClient {
  const of = (name: string, verb: string) => `/gantry/images/${segment(name)}/${verb}`;
  return {
    layers: (name, { signal } = {}) => transport.json({ method: "GET", path: of(name, "layers"), signal }),
    files: async (name, { layer, signal } = {}) => {
      const reply = await transport.send({
        method: "GET",
        path: of(name, "files"),
        query: { layer },
        signal,
      });
      return jsonLines<ImageFileChange>(reply.body);
    },
    diff: async (older, newer, { path, signal } = {}) => {
      const query = { to: newer, path };
      const reply = await transport.send({ method: "GET", path: of(older, "diff"), query, signal });
      const lines = jsonLines<ImageDiffHead & ImageFileChange>(reply.body);
      const first = await lines.next();
      if (first.done) throw new Error("the engine closed the connection");
      return { head: first.value, changes: lines };
    },
  };
}
