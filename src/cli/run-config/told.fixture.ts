/** Docker spells out what nobody asked for. */
const spelledOut: Readonly<Record<string, unknown>> = { MemorySwappiness: -1, Name: "no" };

/** Without zero values, which say nothing. */
export function told(value: unknown, key = ""): unknown {
  if (key === "ConsoleSize" || value === spelledOut[key]) return undefined;
  if (Array.isArray(value)) return orNothing(value.map((entry) => told(entry)));
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([name, entry]) => [name, told(entry, name)] as const);
    return orNothing(Object.fromEntries(entries.filter(([, entry]) => entry !== undefined)));
  }
  return value === 0 || value === "" || value === false || value === null ? undefined : value;
}

function orNothing<T extends object>(value: T): T | undefined {
  return Object.keys(value).length > 0 ? value : undefined;
}
