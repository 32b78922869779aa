/** A new identifier: 64 lower-case hex digits, as Docker's are. */
export function newID(): string {
  // Not imported: see `digestOf`.
  return process.getBuiltinModule("node:crypto").randomBytes(32).toString("hex");
}

/** The 12 digits that people see. */
export function shortID(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}
