/** What went wrong, in terms a caller can act on. `api/status.ts` maps each kind to one HTTP status. */
export type ErrorKind =
  | "invalid"
  | "unauthenticated"
  | "denied"
  | "not-found"
  | "conflict"
  | "not-modified"
  | "not-implemented"
  | "unavailable"
  | "internal";

/** A failure a user can reach. Programmer mistakes stay plain `Error`. */
export class EngineError extends Error {
  override readonly name: string = "EngineError";
  readonly kind: ErrorKind;
  /** The thing concerned: a digest, a container ID, a path. Never a secret. */
  readonly subject: string;

  constructor(kind: ErrorKind, message: string, options: { subject: string; cause?: unknown }) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.kind = kind;
    this.subject = options.subject;
  }
}

/** True when `error` is an `EngineError` of this kind. Callers ask this; they never match texts. */
export function isKind(error: unknown, kind: ErrorKind): error is EngineError {
  return error instanceof EngineError && error.kind === kind;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node system error (`ENOENT`, …), or undefined. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
