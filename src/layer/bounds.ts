import { EngineError } from "../base/index.ts";

/** What an archive of unknown origin may cost at most. */
export interface Bounds {
  /** Entries of a layer. Large images have half a million. */
  readonly entries: number;
  /** Bytes that compressed data may always unpack to. */
  readonly free: number;
  /** How many bytes more for each compressed one. Programs come to 3, text to 20; gzip ends at 1032, zstd nowhere. */
  readonly ratio: number;
}

export const defaultBounds: Bounds = { entries: 5_000_000, free: 8 * 1024 ** 3, ratio: 100 };

/** Passes on what `unpack` makes of `source` until that is out of proportion; throws `invalid` then. */
export async function* inProportion(
  source: AsyncIterable<Uint8Array>,
  unpack: (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
  { free, ratio }: Bounds,
): AsyncIterable<Uint8Array> {
  let packed = 0;
  let plain = 0;
  async function* counted(): AsyncIterable<Uint8Array> {
    for await (const chunk of source) {
      packed += chunk.length;
      yield chunk;
    }
  }
  for await (const chunk of unpack(counted())) {
    plain += chunk.length;
    if (plain > free + ratio * packed) {
      const text = `Cannot decompress: ${packed} bytes unpack to more than ${free + ratio * packed}`;
      throw new EngineError("invalid", text, { subject: "archive" });
    }
    yield chunk;
  }
}
