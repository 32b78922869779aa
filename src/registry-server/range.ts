import { RegistryFault } from "./fault.ts";

/** Bytes from `start` up to but without `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The part of `size` bytes that a `Range` header asks for; undefined for all of it, which is also what several ranges
 * at once or another unit get. Throws for one that begins beyond the end.
 */
export function parseRange(header: string | null, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "");
  const [, first = "", last = ""] = match ?? [];
  if (!match || (first === "" && last === "")) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (start < size && start < end) return { start, end };
  throw new RegistryFault("RANGE_INVALID", "requested range not satisfiable", {
    headers: { "Content-Range": `bytes */${size}` },
  });
}
