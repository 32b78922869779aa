/** The fields that are there: those that are undefined, empty text, or an empty list or map are left out. */
export function compact<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): T {
  const kept = Object.entries(fields).filter(([, value]) => !isEmpty(value));
  // Every required field was given: what is dropped is optional or empty.
  return Object.fromEntries(kept) as T;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
