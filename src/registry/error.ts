import { EngineError, type ErrorKind } from "../base/index.ts";

/** A failure that a registry, or the way to it, is the cause of. */
export class RegistryError extends EngineError {
  override readonly name = "RegistryError";
  /** Codes of the registry's answer (`MANIFEST_UNKNOWN`, `DENIED`, …), in its order. */
  readonly codes: readonly string[];
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** Whether anybody was there: false when no connection came about, or nothing was said in time. */
  readonly reached: boolean;
  /** Milliseconds that the registry asks to wait. */
  readonly retryAfter: number | undefined;

  constructor(
    kind: ErrorKind,
    message: string,
    options: {
      subject: string;
      codes?: readonly string[];
      status?: number;
      retryable?: boolean;
      reached?: boolean;
      retryAfter?: number | undefined;
      cause?: unknown;
    },
  ) {
    super(kind, message, options);
    this.codes = options.codes ?? [];
    this.status = options.status ?? 0;
    this.retryable = options.retryable ?? false;
    this.reached = options.reached ?? true;
    this.retryAfter = options.retryAfter;
  }
}
