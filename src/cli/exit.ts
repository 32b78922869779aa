import { messageOf } from "../base/index.ts";
import { ApiError } from "../client/index.ts";

/** Ends the command with this exit code, its message on stderr as it is. */
export class ExitError extends Error {
  readonly code: number;

  /** An empty message says nothing: all has been said. */
  constructor(code: number, message = "") {
    super(message);
    this.code = code;
  }
}

/** What to tell of an error: the engine's own words are marked as Docker marks its daemon's. */
export function explain(error: unknown): string {
  if (error instanceof ApiError) return `Error response from daemon: ${error.message}`;
  return plainWords(messageOf(error));
}

/** `ENOENT: no such file or directory, open '/x'` in the order that Docker's errors have. */
function plainWords(message: string): string {
  return message.replace(/^E[A-Z]+: (.+), (\w+) '(.*)'$/, "$2 $3: $1");
}
