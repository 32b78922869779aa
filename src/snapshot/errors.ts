import { codeOf, EngineError } from "../base/index.ts";

export function conflict(message: string, subject: string): EngineError {
  return new EngineError("conflict", message, { subject });
}

/** A full disk in words that users know, all else as it is. */
export function spaceError(error: unknown, subject: string): unknown {
  if (codeOf(error) !== "ENOSPC" && codeOf(error) !== "EDQUOT") return error;
  return new EngineError("internal", "no space left on device", { subject, cause: error });
}

/** Throws `invalid` for a path with what separates the options of an overlay mount. */
export function checkDirectory(directory: string): void {
  if (directory.startsWith("/") && !/[,:\\\n"]/.test(directory)) return;
  throw new EngineError(
    "invalid",
    `Cannot keep snapshots in ${directory}: the path must be absolute and hold no comma, colon, quote or backslash`,
    { subject: directory },
  );
}
