import { EngineError, parseDuration } from "../base/index.ts";
import type { Filters } from "../wire/index.ts";
import { moment } from "./query.ts";

/** Throws `invalid` with Docker's words when a filter is not among the known ones. */
export function checkKeys(filters: Filters, known: readonly string[]): void {
  for (const key of filters.keys()) {
    if (!known.includes(key)) {
      throw new EngineError("invalid", `invalid filter '${key}'`, { subject: key });
    }
  }
}

export function matchesAny(values: readonly string[], test: (value: string) => boolean): boolean {
  return values.some(test);
}

/** Every wanted label (`key` or `key=value`) is there. */
export function matchesLabels(labels: Readonly<Record<string, string>>, wanted: readonly string[]): boolean {
  return wanted.every((text) => {
    const cut = text.indexOf("=");
    if (cut < 0) return text in labels;
    return labels[text.slice(0, cut)] === text.slice(cut + 1);
  });
}

/** `label`, `label!` and `until` as the prune calls take them, over anything with labels and a time of birth. */
export function pruneFilter(
  filters: Filters,
): (item: { labels: Readonly<Record<string, string>>; created: string }) => boolean {
  const wanted = filters.get("label") ?? [];
  const unwanted = filters.get("label!") ?? [];
  const until = filters.get("until")?.map(parseUntil)[0];
  return (item) =>
    matchesLabels(item.labels, wanted) &&
    !unwanted.some((text) => matchesLabels(item.labels, [text])) &&
    (until === undefined || Date.parse(item.created) < until);
}

/** A boolean filter value; undefined when it was not given. Throws `invalid`. */
export function booleanFilter(filters: Filters, key: string): boolean | undefined {
  const [value] = filters.get(key) ?? [];
  if (value === undefined) return undefined;
  if (["1", "true", "True", "TRUE", "t"].includes(value)) return true;
  if (["0", "false", "False", "FALSE", "f"].includes(value)) return false;
  throw new EngineError("invalid", `invalid filter '${key}=[${value}]'`, { subject: key });
}

/** A moment or a span before now, in milliseconds since the epoch. */
export function parseUntil(text: string): number {
  const span = /^[\d.]+[a-zµ]/.test(text) ? parseDuration(text) : undefined;
  if (span !== undefined) return Date.now() - span / 1e6;
  return Number((moment(text) ?? 0n) / 1_000_000n);
}
