import { EngineError } from "../base/index.ts";

/**
 * Turns a JSON value into a typed one or throws `invalid` in the words of Go's decoder. Absent and null are the
 * zero value, unknown fields are dropped. `place` is the path so far, for the message.
 */
export type Decoder<T> = (value: unknown, place: string) => T;

export const text: Decoder<string> = (value, place) => {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : refuse(value, place, "string");
};

export const whole: Decoder<number> = (value, place) => {
  if (value === undefined || value === null) return 0;
  const fits = typeof value === "number" && Number.isInteger(value) && Math.abs(value) < 2 ** 63;
  return fits ? value : refuse(value, place, "int64");
};

export const flag: Decoder<boolean> = (value, place) => {
  if (value === undefined || value === null) return false;
  return typeof value === "boolean" ? value : refuse(value, place, "bool");
};

/** Any JSON object, as it is. */
export const anything: Decoder<object> = (value, place) => {
  if (value === undefined || value === null) return {};
  return typeof value === "object" ? value : refuse(value, place, "map[string]interface {}");
};

/** A list; null is empty. */
export function list<T>(item: Decoder<T>): Decoder<T[]> {
  return (value, place) => {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) return refuse(value, place, "[]string");
    return value.map((entry) => item(entry, place));
  };
}

/** A text, or a list of texts, as Docker takes Cmd and Entrypoint. */
export const words: Decoder<string[]> = (value, place) =>
  typeof value === "string" ? [value] : list(text)(value, place);

/** An object used as a map. */
export function map<T>(item: Decoder<T>): Decoder<Record<string, T>> {
  return (value, place) => {
    if (value === undefined || value === null) return {};
    if (!isObject(value)) return refuse(value, place, "map[string]string");
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, item(entry, place)]));
  };
}

/** Null stays null instead of becoming the zero value. */
export function nullable<T>(inner: Decoder<T>): Decoder<T | null> {
  return (value, place) => (value === null || value === undefined ? null : inner(value, place));
}

/** The fields of `T` that are present and not null; each by its own decoder. */
export function partial<T extends object>(
  fields: { readonly [K in keyof T]-?: Decoder<NonNullable<T[K]>> },
  name = "",
): Decoder<T> {
  const entries = Object.entries<Decoder<unknown>>(fields);
  const known = new Set(Object.keys(fields));
  return (value, place) => {
    const source = objectOf(value, place);
    const field = fieldsOf(source, known);
    const found: Record<string, unknown> = {};
    for (const [key, decoder] of entries) {
      const entry = field(key);
      if (entry !== undefined && entry !== null) found[key] = decoder(entry, join(place || name, key));
    }
    // Each present field went through its own decoder, and all others of T are optional.
    return found as T;
  };
}

/** All fields of `T`; an absent one becomes its decoder's zero value. */
export function full<T extends object>(
  fields: { readonly [K in keyof T]-?: Decoder<T[K]> },
  name = "",
): Decoder<T> {
  const entries = Object.entries<Decoder<unknown>>(fields);
  const known = new Set(Object.keys(fields));
  return (value, place) => {
    const field = fieldsOf(objectOf(value, place), known);
    const pairs = entries.map(([key, decoder]) => [key, decoder(field(key), join(place || name, key))]);
    // Every field of T was decoded by the decoder of that field.
    return Object.fromEntries(pairs) as T;
  };
}

type Fields = (name: string) => unknown;

/** Go's decoder takes a field in any case of letters when it is not there in its own. */
function fieldsOf(source: Readonly<Record<string, unknown>>, known: ReadonlySet<string>): Fields {
  const strange = Object.keys(source).filter((key) => !known.has(key));
  return (name) => {
    if (Object.hasOwn(source, name)) return source[name];
    const other = strange.find(
      (key) => key.length === name.length && key.toLowerCase() === name.toLowerCase(),
    );
    return other === undefined ? undefined : source[other];
  };
}

function objectOf(value: unknown, place: string): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return {};
  return isObject(value) ? value : refuse(value, place, "struct");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function join(place: string, key: string): string {
  return place === "" ? key : `${place}.${key}`;
}

function refuse(value: unknown, place: string, wanted: string): never {
  const kind = Array.isArray(value) ? "array" : value === null ? "null" : jsonKind(value);
  const where = place === "" ? "Go value" : `Go struct field ${place}`;
  throw new EngineError("invalid", `json: cannot unmarshal ${kind} into ${where} of type ${wanted}`, {
    subject: place,
  });
}

function jsonKind(value: unknown): string {
  if (typeof value === "number" && !Number.isSafeInteger(value)) return `number ${value}`;
  return typeof value === "boolean" ? "bool" : typeof value;
}
