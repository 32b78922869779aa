import { randomBytes } from "node:crypto";

/** A new identifier: 64 lower-case hex digits, as Docker's are. */
export function newID(): string {
  return randomBytes(32).toString("hex");
}

/** The 12 digits that people see. */
export function shortID(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}
