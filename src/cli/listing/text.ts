import { formatSpan } from "../../base/index.ts";

/** `3 hours ago`; nothing for a time that was never set. */
export function ago(unixSeconds: number, now = Date.now()): string {
  return unixSeconds <= 0 ? "N/A" : `${formatSpan(now - unixSeconds * 1000)} ago`;
}

/** A time as Go prints it: `2024-05-01 12:00:00.5 +0000 UTC`. */
export function goTime(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1000);
  const offset = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + offset * 60_000).toISOString();
  const name = offset === 0 ? "UTC" : zoneName(date);
  const fraction = local.slice(19, 23).replace(/\.?0+$/, "");
  return `${local.slice(0, 10)} ${local.slice(11, 19)}${fraction} ${zoneOffset(offset, "")} ${name}`;
}

/** A time as Docker prints events: RFC 3339 with nanoseconds and the local offset. */
export function rfc3339Nano(nanoseconds: bigint): string {
  const date = new Date(Number(nanoseconds / 1_000_000n));
  const offset = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + offset * 60_000).toISOString();
  const fraction = String(nanoseconds % 1_000_000_000n).padStart(9, "0");
  return `${local.slice(0, 19)}.${fraction}${offset === 0 ? "Z" : zoneOffset(offset, ":")}`;
}

function zoneOffset(minutes: number, separator: string): string {
  const size = Math.abs(minutes);
  const parts = [Math.floor(size / 60), size % 60].map((part) => String(part).padStart(2, "0"));
  return `${minutes < 0 ? "-" : "+"}${parts.join(separator)}`;
}

function zoneName(date: Date): string {
  const parts = new Intl.DateTimeFormat("en", { timeZoneName: "short" }).formatToParts(date);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "";
}

/** Cuts to `length` characters, the last one an ellipsis. */
export function ellipsis(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}…`;
}

/** `a=1,b=2`, sorted by key. */
export function labelText(labels: Readonly<Record<string, string>> | null | undefined): string {
  return Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(",");
}

/** Answers `{{.Label "key"}}`. */
export function labelOf(
  labels: Readonly<Record<string, string>> | null | undefined,
): (key: string) => string {
  return (key) => labels?.[key] ?? "";
}
