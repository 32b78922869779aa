import { EngineError, type ErrorKind, messageOf } from "../base/index.ts";
import type { ErrorResponse } from "../wire/index.ts";
import { isNobodyThere } from "./connection.ts";
import { formatHost, type Host } from "./host.ts";

/** An answer of the engine that says no; `message` is the engine's own. */
export class ApiError extends EngineError {
  override readonly name = "ApiError";
  readonly status: number;

  constructor(status: number, message: string, subject: string) {
    super(kindOf(status), message, { subject });
    this.status = status;
  }
}

/** The error kind that an HTTP status stands for. */
export function kindOf(status: number): ErrorKind {
  return kinds.get(status) ?? (status >= 400 && status < 500 ? "invalid" : "internal");
}

const kinds: ReadonlyMap<number, ErrorKind> = new Map([
  [304, "not-modified"],
  [400, "invalid"],
  [401, "unauthenticated"],
  [403, "denied"],
  [404, "not-found"],
  [409, "conflict"],
  [501, "not-implemented"],
  [503, "unavailable"],
]);

/** The message in an error body: Docker's JSON, else the text itself. */
export function messageIn(body: string, status: number): string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (isErrorResponse(parsed)) return parsed.message;
  } catch {
    // Not JSON: some proxy spoke, or an old engine; its text is all there is.
  }
  return body.trim() || `request returned status ${status}`;
}

/** What to tell when no connection could be made. */
export function unreachable(host: Host, cause: unknown): EngineError {
  const where = formatHost(host);
  const message = isNobodyThere(cause)
    ? `Cannot connect to the Gantry engine at ${where}. Is it running?`
    : `Cannot connect to the Gantry engine at ${where}: ${messageOf(cause)}`;
  return new EngineError("unavailable", message, { subject: where, cause });
}

function isErrorResponse(value: unknown): value is ErrorResponse {
  return (
    typeof value === "object" && value !== null && "message" in value && typeof value.message === "string"
  );
}
