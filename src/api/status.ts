import { EngineError, type ErrorKind, messageOf } from "../base/index.ts";

const statuses: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  denied: 403,
  "not-found": 404,
  conflict: 409,
  "not-modified": 304,
  "not-implemented": 501,
  unavailable: 503,
  internal: 500,
};

/** The one place where a failure becomes an HTTP status and a message. */
export function httpError(error: unknown): { status: number; message: string } {
  const status = error instanceof EngineError ? statuses[error.kind] : 500;
  return { status, message: messageOf(error) || "internal error" };
}
