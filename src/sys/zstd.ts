import { library } from "./library.ts";
import { check } from "./system-error.ts";

/**
 * Decompresses one frame of zstd into `out`, without memory of its own, and gives its length. For blocks of some
 * hundred kilobytes, which take a fraction of a millisecond. Throws when it is damaged or does not fit.
 */
export function decompressBlock(out: Uint8Array, packed: Uint8Array): number {
  const result = library().gantry_zstd_decompress(out, out.length, packed, packed.length);
  return check(result, "decompress", "a block");
}
