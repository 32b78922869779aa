import { createHash } from "node:crypto";
import type { Plain } from "./tree.ts";

/** SHA-256 of the data, whatever the order of keys. */
export function hashOf(value: Plain): string {
  return createHash("sha256").update(stable(value)).digest("hex");
}

/** JSON with the keys of every mapping in order. */
export function stable(value: Plain): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(stable).join(",")}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${stable(item)}`).join(",")}}`;
}

function isList(value: Plain): value is readonly Plain[] {
  return Array.isArray(value);
}
