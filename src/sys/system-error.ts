import { constants } from "node:os";
import { EngineError, type ErrorKind } from "../base/index.ts";

const kinds: Readonly<Record<string, ErrorKind>> = {
  ENOENT: "not-found",
  ENODEV: "not-found",
  EEXIST: "conflict",
  EADDRINUSE: "conflict",
  EBUSY: "conflict",
  EACCES: "denied",
  EPERM: "denied",
  EINVAL: "invalid",
  ENOSYS: "not-implemented",
  EOPNOTSUPP: "not-implemented",
};

/** A system call that failed. `code` is the name of its errno, as in Node's own errors. */
export class SystemError extends EngineError {
  override readonly name = "SystemError";
  readonly code: string;
  readonly call: string;

  constructor(call: string, errno: number, subject: string, detail = "") {
    const code = errnoName(errno);
    super(kinds[code] ?? "internal", `Cannot ${call} ${subject}: ${code}${detail && ` (${detail})`}`, {
      subject,
    });
    this.code = code;
    this.call = call;
  }
}

/** True when `error` is a failed system call with one of these errno names. */
export function hasCode(error: unknown, ...codes: readonly string[]): error is SystemError {
  return error instanceof SystemError && codes.includes(error.code);
}

/** Returns what a native call returned, or throws the `SystemError` that a negative result stands for. */
export function check(result: number, call: string, subject: string): number {
  if (result < 0) throw new SystemError(call, -result, subject);
  return result;
}

function errnoName(errno: number): string {
  const found = Object.entries(constants.errno).find(([, value]) => value === errno);
  return found?.[0] ?? `errno ${errno}`;
}
