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

/** A value as Go's `Print` shows it: `[a b]`, `map[k:v]`, `{v w}` for an object of the API, `<nil>`. */
export function show(value: Value, name = ""): string {
  if (value === undefined || value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map((item) => show(item)).join(" ")}]`;
  if (!isRecord(value)) return String(value);
  const keys = Object.keys(value).filter((key) => typeof value[key] !== "function");
  if (isObject(keys, name)) return `{${keys.map((key) => showField(value[key], key)).join(" ")}}`;
  const entries = keys.sort().map((key) => `${key}:${isEmptyRecord(value[key]) ? "{}" : show(value[key])}`);
  return `map[${entries.join(" ")}]`;
}

/** The value of a field of Docker's types; where it is empty, its name says what it prints as. */
export function showField(value: Value, name: string): string {
  if (value !== undefined && value !== null) return show(value, name);
  return value === undefined || pointers.has(name) ? "<nil>" : maps.has(name) ? "map[]" : "[]";
}

/** JSON does not tell objects from maps: an object's keys are names of Go's exported fields. */
function isObject(keys: readonly string[], name: string): boolean {
  return keys.length > 0 && !maps.has(name) && keys.every((key) => /^[A-Z][A-Za-z0-9]*$/.test(key));
}

function isEmptyRecord(value: Value): boolean {
  return isRecord(value) && Object.keys(value).length === 0;
}

/** What an empty field of Docker's types is: a nil pointer, an empty map, or else an empty list. */
const pointers = new Set([
  ...["Health", "Healthcheck", "MemorySwappiness", "OomKillDisable", "PidsLimit", "Init", "StopTimeout"],
  ...["IPAMConfig", "Error", "UsageData", "Platform"],
]);
const maps = new Set([
  ...["Volumes", "Labels", "ExposedPorts", "Tmpfs", "Sysctls", "Annotations", "StorageOpt", "DriverOpts"],
  ...["PortBindings", "Options", "Ports", "Config", "Data", "AuxiliaryAddresses", "Networks", "Attributes"],
  ...["Runtimes", "Details", "Containers"],
]);

/** Under this key a value may say itself how it is written as JSON. */
export const ownJSON = Symbol("own JSON");

/** A value as JSON, keys in the order that the engine gave, unless the value says itself how it is written. */
export function toJSON(value: Value): string {
  const own = typeof value === "object" && value !== null && ownJSON in value ? value[ownJSON] : undefined;
  return typeof own === "function" ? String(own()) : JSON.stringify(value ?? null);
}
