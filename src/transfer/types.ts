import type { Digest } from "../base/index.ts";
import type { Descriptor } from "../oci/index.ts";

/** The bytes of a manifest or index, with what points at them. */
export interface Document {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** Where an image comes from. */
export interface Source extends AsyncDisposable {
  /** The image's manifest, or the index of its platforms. */
  top(): Promise<Document>;
  /** A manifest that an index names. */
  manifest(descriptor: Descriptor): Promise<Document>;
  /** A blob's bytes from an offset; whoever takes them checks the digest. */
  blob(descriptor: Descriptor, offset: number): AsyncIterable<Uint8Array>;
  /** Where blobs lie that a registry may take over from itself. */
  readonly place?: { readonly host: string; readonly repository: string };
}

/** How a blob came to be at its target. */
export type Put = "there" | "mounted" | "copied";

export interface PutOptions {
  readonly signal?: AbortSignal | undefined;
  readonly from?: Source["place"] | undefined;
  /** How many bytes have gone by now. */
  readonly report: (bytes: number) => void;
}

/** Where an image goes to. Nothing shows up under its name before `finish`. */
export interface Sink extends AsyncDisposable {
  /** False: it holds one platform only. */
  readonly takesIndex: boolean;
  /** Makes sure that the target has a blob; it is verified there. */
  blob(
    descriptor: Descriptor,
    open: (offset: number) => AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<Put>;
  /** A manifest that an index names; its blobs are there. */
  manifest(document: Document): Promise<void>;
  /** The image's manifest or index, under the target's name. */
  finish(document: Document, signal?: AbortSignal): Promise<void>;
}

/** What a transfer has to say while it runs. */
export interface TransferProgress {
  readonly digest: Digest;
  readonly status: string;
  readonly current?: number;
  readonly total?: number;
}

/** What it came to. */
export interface Transferred {
  readonly digest: Digest;
  readonly size: number;
  readonly blobs: Readonly<Record<Put, number>>;
  /** Bytes that moved. */
  readonly bytes: number;
}
