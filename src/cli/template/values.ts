/** A value that prints itself and answers to its own fields: what listings give to templates. */
export type Value = unknown;

/** Go's notion of an empty value. */
export function isTrue(value: Value): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === "") return false;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  return !isRecord(value) || Object.keys(value).length > 0;
}

export function isRecord(value: Value): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Map);
}

/** A value as Go's `Print` shows it: `[a b]`, `map[k:v]`, `<nil>`. */
export function show(value: Value): string {
  if (value === undefined || value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(show).join(" ")}]`;
  if (isRecord(value)) {
    const keys = Object.keys(value).sort();
    return `map[${keys.map((key) => `${key}:${show(value[key])}`).join(" ")}]`;
  }
  return String(value);
}

/** Under this key a value may say itself how it is written as JSON. */
export const ownJSON = Symbol("own JSON");

/** A value as JSON, keys in the order that the engine gave, unless the value says itself how it is written. */
export function toJSON(value: Value): string {
  const own = typeof value === "object" && value !== null && ownJSON in value ? value[ownJSON] : undefined;
  return typeof own === "function" ? String(own()) : JSON.stringify(value ?? null);
}
