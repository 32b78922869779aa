import { parseDuration } from "../base/index.ts";

/** What `--since` and `--until` take, as the engine takes it: a Go duration back from now becomes Unix time. */
export function toTimestamp(text: string, now = Date.now()): string {
  if (text === "" || /^\d+(\.\d+)?$/.test(text)) return text;
  const span = spanOf(text);
  if (span !== undefined) return unixText(now * 1_000_000 - span);
  const date = new Date(text.length === 10 ? `${text}T00:00:00` : text);
  // What is neither is left to the engine, which has the words for it.
  return Number.isNaN(date.getTime()) ? text : exact(text, date);
}

function spanOf(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch {
    return undefined;
  }
}

function unixText(nanoseconds: number): string {
  const seconds = Math.floor(nanoseconds / 1e9);
  return `${seconds}.${String(Math.floor(nanoseconds - seconds * 1e9)).padStart(9, "0")}`;
}

/** Keeps the nanoseconds that a date of the runtime drops. */
function exact(text: string, date: Date): string {
  const fraction = (/:\d\d\.(\d{1,9})/.exec(text)?.[1] ?? "").padEnd(9, "0");
  return `${Math.floor(date.getTime() / 1000)}.${fraction}`;
}
