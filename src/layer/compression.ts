import { constants, createGunzip, createGzip, createZstdDecompress } from "node:zlib";
import { codeOf, EngineError, messageOf } from "../base/index.ts";
import { meter } from "./meter.ts";
import { through } from "./transform.ts";
import type { Applied } from "./types.ts";
import { wholeFrames } from "./zstd-frames.ts";

export type Compression = "none" | "gzip" | "zstd" | "bzip2" | "xz";

const chunkSize = 256 * 1024;
const longestMagic = 6;

/** What the first bytes say about the compression of a stream. */
export function detectCompression(start: Uint8Array): Compression {
  const [a, b, c, d, e, f] = start;
  if (a === 0x1f && b === 0x8b) return "gzip";
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return "zstd";
  // A zstd stream may begin with a skippable frame.
  if (a !== undefined && (a & 0xf0) === 0x50 && b === 0x2a && c === 0x4d && d === 0x18) return "zstd";
  if (a === 0x42 && b === 0x5a && c === 0x68) return "bzip2";
  if (a === 0xfd && b === 0x37 && c === 0x7a && d === 0x58 && e === 0x5a && f === 0x00) return "xz";
  return "none";
}

/** Looks at the start of a stream; `chunks` is the whole stream all the same. */
export async function peekCompression(
  source: AsyncIterable<Uint8Array>,
): Promise<{ readonly compression: Compression; readonly chunks: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const start: Uint8Array[] = [];
  let size = 0;
  while (size < longestMagic) {
    const next = await iterator.next();
    if (next.done) break;
    start.push(next.value.slice());
    size += next.value.length;
  }
  return { compression: detectCompression(Buffer.concat(start)), chunks: resume(start, iterator) };
}

/** The plain bytes of a gzip or zstd stream; throws `invalid` when it is broken. */
export async function* decompressNatively(
  source: AsyncIterable<Uint8Array>,
  compression: "gzip" | "zstd",
): AsyncIterable<Uint8Array> {
  const transform =
    compression === "gzip" ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize });
  try {
    yield* through(compression === "zstd" ? wholeFrames(source) : source, transform);
  } catch (error) {
    if (!isBroken(error)) throw error;
    throw new EngineError("invalid", `Cannot decompress ${compression} data: ${messageOf(error)}`, {
      subject: compression,
      cause: error,
    });
  }
}

/** A layer on its way into the store. */
export interface CompressedLayer {
  /** The gzip bytes; the same tar gives the same ones. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** What the tar was; to be asked once, after `chunks` has ended. */
  tar(): Applied;
}

/** Compresses a layer tar with gzip at a fast level, and hashes it on the way. */
export function compressLayer(tar: AsyncIterable<Uint8Array>): CompressedLayer {
  const metered = meter(tar);
  const gzip = createGzip({ level: constants.Z_BEST_SPEED, chunkSize });
  return { chunks: through(metered.chunks, gzip), tar: metered.result };
}

async function* resume(
  start: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncIterable<Uint8Array> {
  try {
    yield* start;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** True for what zlib and zstd say of bad data, as opposed to a failing source. */
function isBroken(error: unknown): boolean {
  return /^(Z_|ZSTD_|ERR_ZLIB)/.test(codeOf(error) ?? "");
}
