import { EngineError } from "../../base/index.ts";

/** A RUN command that ended with another code than 0, or could not be started. The message is Docker's. */
export class CommandError extends EngineError {
  override readonly name = "CommandError";
  readonly exitCode: number;

  constructor(args: readonly string[], exitCode: number, cause?: EngineError) {
    const message = `The command '${args.join(" ")}' returned a non-zero code: ${exitCode}`;
    super("invalid", cause?.message ?? message, { subject: args[0] ?? "", cause });
    this.exitCode = exitCode;
  }
}
