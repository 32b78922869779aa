import { EngineError } from "../../../base/index.ts";
import { ComposeFileError, PlanError } from "../../../compose/index.ts";
import { ExitError, explain } from "../../exit.ts";
import { Interrupted } from "./interrupts.ts";

/** Compose's own exit codes. */
export const exitCode = {
  fileNotFound: 14,
  badFile: 15,
  badSyntax: 16,
  build: 17,
  pull: 18,
  interrupted: 130,
} as const;

/** What a verb that threw ends with: message and code as Compose has them. */
export function asExit(error: unknown): unknown {
  if (error instanceof Interrupted) return new ExitError(exitCode.interrupted);
  if (!(error instanceof PlanError)) return error;
  const messages = [...new Set(error.failures.map((failure) => explain(failure.error)))];
  return new ExitError(codeOf(error), messages.join("\n"));
}

/** What a project that cannot be loaded ends with. */
export function asLoadExit(error: unknown): unknown {
  if (error instanceof ComposeFileError) return new ExitError(exitCode.badFile, error.message);
  if (!(error instanceof EngineError)) return error;
  if (error.kind === "not-found")
    return new ExitError(isNoFile(error) ? exitCode.fileNotFound : 1, error.message);
  return error.kind === "invalid" ? new ExitError(exitCode.badFile, error.message) : error;
}

/** Whether files were looked for in vain. */
export function isNoFile(error: unknown): boolean {
  return (
    error instanceof EngineError &&
    error.kind === "not-found" &&
    /^(no configuration file provided|open .*: no such file)/.test(error.message)
  );
}

function codeOf(error: PlanError): number {
  const kinds = new Set(error.failures.map(({ node }) => node.operation.kind));
  if (kinds.has("BuildImage")) return exitCode.build;
  return kinds.has("PullImage") ? exitCode.pull : 1;
}
