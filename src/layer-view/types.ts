import type { Digest } from "../base/index.ts";
import type { Image } from "../image/index.ts";
import type { TreeEntry } from "../layer/index.ts";
import type { Change } from "./history.ts";
import type { LayerReport } from "./report.ts";
import type { Waster } from "./waste.ts";

/** A layer of an image: where it comes from, what it costs, what it does. */
export interface LayerView extends LayerReport {
  readonly digest: Digest;
  readonly diffID: Digest;
  readonly chainID: Digest;
  /** The step that made it, as the history has it; empty when that is not known. */
  readonly command: string;
  readonly created: string;
  /** Unpacked bytes. */
  readonly size: number;
  readonly compressedSize: number;
}

export interface ImageView {
  readonly image: Image;
  /** Lowest first. */
  readonly layers: readonly LayerView[];
  readonly wasted: number;
  /** Of the bytes in all layers, those that can be seen in the end; 0 to 1. */
  readonly efficiency: number;
  readonly wasters: readonly Waster[];
}

/** What a layer, or the way from one image to another, does at one path. */
export interface FileChange {
  /** Number of the layer, from 0. */
  readonly layer: number;
  readonly change: Change;
  /** Each character is one byte of the name. */
  readonly path: string;
  readonly before: TreeEntry | undefined;
  readonly after: TreeEntry | undefined;
}

/** What images are made of. All of it is read from the unpacked layers: nothing is unpacked again. */
export interface LayerViews {
  /** What each layer of an image costs and does. Kept by the topmost chainID, so only the first time takes long. */
  layers(reference: string, options?: { readonly signal?: AbortSignal }): Promise<ImageView>;
  /** The files of one layer, or of all, in the order of their paths. */
  files(
    reference: string,
    options?: { readonly layer?: number; readonly signal?: AbortSignal },
  ): AsyncIterable<FileChange>;
  /** What differs between two images, below `path` if that is given. Layers that both have are not compared. */
  diff(
    older: string,
    newer: string,
    options?: { readonly path?: string; readonly signal?: AbortSignal },
  ): Promise<{ readonly sharedLayers: number; readonly changes: readonly FileChange[] }>;
}
