import { parseDigest } from "../base/index.ts";
import type { Applied } from "./types.ts";

/** A stream that passes through while its bytes are hashed and counted. */
export interface Meter {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Digest and size; to be asked once, after the stream has ended. */
  result(): Applied;
}

/** Hashes and counts what passes. */
export function meter(source: AsyncIterable<Uint8Array>): Meter {
  const hasher = new Bun.CryptoHasher("sha256");
  let size = 0;
  async function* pass(): AsyncIterable<Uint8Array> {
    for await (const chunk of source) {
      hasher.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  }
  return {
    chunks: pass(),
    result: () => ({ diffID: parseDigest(`sha256:${hasher.digest("hex")}`), size }),
  };
}
