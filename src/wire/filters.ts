import { EngineError } from "../base/index.ts";

/** Filters of a list call: for each key, values of which one must match. */
export type Filters = ReadonlyMap<string, readonly string[]>;

/** Reads the `filters` query value: `{"label":["a=b"]}` or the legacy `{"label":{"a=b":true}}`; throws `invalid`. */
export function parseFilters(text: string | undefined): Filters {
  if (text === undefined || text === "") return new Map();
  const parsed = parseObject(text);
  const filters = new Map<string, string[]>();
  for (const [key, value] of Object.entries(parsed)) {
    filters.set(key, Array.isArray(value) ? value.map(String) : legacyValues(value, text));
  }
  return filters;
}

/** The `filters` query value for these filters. */
export function formatFilters(filters: Readonly<Record<string, readonly string[]>>): string {
  return JSON.stringify(filters);
}

function parseObject(text: string): object {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch {
    // Falls through to the one error below.
  }
  throw invalidFilter(text);
}

function legacyValues(value: unknown, text: string): string[] {
  if (typeof value !== "object" || value === null) throw invalidFilter(text);
  return Object.entries(value)
    .filter(([, on]) => on === true)
    .map(([name]) => name);
}

function invalidFilter(text: string): EngineError {
  return new EngineError("invalid", `invalid filter: ${text}`, { subject: text });
}
