import { EngineError } from "../base/index.ts";
import type { ProgressMessage } from "../wire/index.ts";

/** Passes messages on and throws the error that a progress stream carries, in the engine's words. */
export async function* failOnError(
  messages: AsyncIterable<ProgressMessage>,
): AsyncGenerator<ProgressMessage, void> {
  for await (const message of messages) {
    const text = message.errorDetail?.message ?? message.error;
    if (text !== undefined && text !== "") throw new ProgressError(text, message.errorDetail?.code);
    yield message;
  }
}

/** A failure that came in a progress stream. `code` is a build command's exit code, where it was one. */
export class ProgressError extends EngineError {
  override readonly name = "ProgressError";
  readonly code: number | undefined;

  constructor(message: string, code?: number) {
    super("internal", message, { subject: "progress" });
    this.code = code;
  }
}
