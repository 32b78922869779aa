import { EngineError } from "./errors.ts";

const byteUnits: Readonly<Record<string, number>> = {
  b: 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
  p: 1024 ** 5,
};

/** Parses `64m`, `1.5gb`, `512KiB`, `100` (bytes) as Docker's RAMInBytes does; units are powers of 1024. */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgtp])?(?:i?b)?$/i.exec(text.trim());
  if (!match) {
    const [, suffix] = /^\d+(?:\.\d+)?\s*([a-z]+)$/i.exec(text.trim()) ?? [];
    const fault = suffix ? `invalid suffix: '${suffix.toLowerCase()}'` : `invalid size: '${text}'`;
    throw new EngineError("invalid", fault, { subject: text });
  }
  return Math.floor(Number(match[1]) * (byteUnits[(match[2] ?? "b").toLowerCase()] ?? 1));
}

const durationUnits: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Parses a Go duration (`1h30m`, `1.5s`, `300ms`, `0`) to nanoseconds; throws `invalid`. */
export function parseDuration(text: string): number {
  const body = text.trim().replace(/^[+-]/, "");
  if (body === "0") return 0;
  const parts = [...body.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join("") !== body) {
    throw new EngineError("invalid", `invalid duration "${text}"`, { subject: text });
  }
  const total = parts.reduce((sum, part) => sum + Number(part[1]) * (durationUnits[part[2] ?? ""] ?? 0), 0);
  return text.trim().startsWith("-") ? -total : total;
}

/** `1.23MB` style with powers of 1000, as `docker images` prints sizes; some of Docker's lists show four digits. */
export function formatBytes(bytes: number, digits = 3): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${Number(value.toPrecision(digits))}${units[unit]}`;
}

/** `About an hour`, `3 minutes`, `2 weeks`: a span in Docker's words (go-units HumanDuration). */
export function formatSpan(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(milliseconds / 3_600_000);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(hours / 24 / 365)} years`;
}
