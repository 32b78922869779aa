import { EngineError } from "../../base/index.ts";

/** A place in a Dockerfile. Lines and columns count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where something stands, with the text of that line to show. */
export interface Place extends Position {
  readonly file: string;
  readonly text: string;
}

/** A Dockerfile that cannot be built as it is written. The message ends with the place and the line itself. */
export class DockerfileError extends EngineError {
  override readonly name = "DockerfileError";
  readonly position: Position;

  constructor(message: string, place: Place, options: { hint?: string; cause?: unknown } = {}) {
    super("invalid", `${message}\n${excerpt(place, options.hint)}`, {
      subject: place.file,
      cause: options.cause,
    });
    this.position = { line: place.line, column: place.column };
  }
}

/** An error of form: Docker's own words, then where and what to do. */
export function parseError(reason: string, place: Place, hint?: string): DockerfileError {
  const message = `dockerfile parse error on line ${place.line}: ${reason}`;
  return new DockerfileError(message, place, hint === undefined ? {} : { hint });
}

function excerpt(place: Place, hint: string | undefined): string {
  const number = String(place.line);
  const text = place.text.replaceAll("\t", " ").slice(0, 160);
  const lines = [
    `${place.file}:${place.line}:${place.column}`,
    ` ${number} | ${text}`,
    ` ${" ".repeat(number.length)} | ${" ".repeat(Math.min(place.column - 1, text.length))}^`,
  ];
  if (hint !== undefined) lines.push(hint);
  return lines.join("\n");
}
