import { EngineError } from "../base/index.ts";

/** Docker's booleans: empty, `0`, `no`, `false`, `none` are false, everything else true. */
export function boolean(query: URLSearchParams, key: string, byDefault = false): boolean {
  const value = query.get(key);
  if (value === null) return byDefault;
  return !["", "0", "no", "false", "none"].includes(value.trim().toLowerCase());
}

/** A whole number, or undefined when absent; throws `invalid`. */
export function integer(query: URLSearchParams, key: string): number | undefined {
  const value = query.get(key);
  if (value === null || value === "") return undefined;
  if (!/^-?\d+$/.test(value)) {
    throw new EngineError("invalid", `strconv.Atoi: parsing "${value}": invalid syntax`, { subject: key });
  }
  return Number(value);
}

/** The value, or the empty text. */
export function string(query: URLSearchParams, key: string): string {
  return query.get(key) ?? "";
}

/** Window size from `h` and `w`; throws `invalid`. */
export function size(query: URLSearchParams): { height: number; width: number } {
  const height = integer(query, "h");
  const width = integer(query, "w");
  if (
    height === undefined ||
    width === undefined ||
    height < 0 ||
    width < 0 ||
    height > 65535 ||
    width > 65535
  ) {
    throw new EngineError("invalid", "invalid resize height or width", { subject: "resize" });
  }
  return { height, width };
}

/**
 * A moment as `since` and `until` carry it: seconds with fraction, or RFC 3339; in nanoseconds. Undefined when
 * absent, empty or zero. Throws `invalid`.
 */
export function moment(text: string | null): bigint | undefined {
  if (text === null || text === "" || text === "0") return undefined;
  const seconds = /^(\d+)(?:\.(\d{1,9})\d*)?$/.exec(text);
  if (seconds) return BigInt(seconds[1] ?? 0) * 1_000_000_000n + BigInt((seconds[2] ?? "").padEnd(9, "0"));
  const date = Date.parse(text);
  if (Number.isNaN(date)) {
    throw new EngineError("invalid", `failed to parse value as time: "${text}"`, { subject: text });
  }
  return BigInt(date) * 1_000_000n;
}
