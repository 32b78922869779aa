import { EngineError } from "../../base/index.ts";
import { formatPath, type Path, type Position } from "./tree.ts";

/** A mistake in a Compose file, with the place a person has to look at. */
export class ComposeFileError extends EngineError {
  override readonly name = "ComposeFileError";
  readonly position: Position;

  constructor(position: Position, message: string, cause?: unknown) {
    super("invalid", `${formatPosition(position)}: ${message}`, { subject: position.file, cause });
    this.position = position;
  }
}

/** `compose.yaml:3:5`. */
export function formatPosition(position: Position): string {
  return `${position.file}:${position.line}:${position.column}`;
}

/** The error for the value at `path`: `compose.yaml:3:5: services.web.ports[0] must be a string`. */
export function mistake(at: Position, path: Path, message: string): ComposeFileError {
  return new ComposeFileError(at, path.length === 0 ? message : `${formatPath(path)} ${message}`);
}
