import type { Place } from "../error.ts";

/** The physical lines of a file, each with its line end. */
export interface Source {
  readonly file: string;
  readonly lines: readonly string[];
}

export function readSource(file: string, bytes: Uint8Array): Source {
  const text = new TextDecoder("utf-8").decode(bytes);
  const lines = text.split("\n").map((line) => `${line}\n`);
  const last = lines.pop();
  if (last !== undefined && last !== "\n") lines.push(last.slice(0, -1));
  return { file, lines };
}

export function trimNewline(line: string): string {
  return line.replace(/[\r\n]+$/, "");
}

/** A line that was put together from several, able to say where each of its characters came from. */
export class LogicalLine {
  readonly #source: Source;
  readonly #pieces: { offset: number; line: number; column: number }[] = [];
  #text = "";

  constructor(source: Source) {
    this.#source = source;
  }

  get text(): string {
    return this.#text;
  }

  /** Adds text that stands at this line and column (from 1) of the file. */
  add(text: string, line: number, column: number): void {
    this.#pieces.push({ offset: this.#text.length, line, column });
    this.#text += text;
  }

  place(offset: number): Place {
    const piece = this.#pieces.findLast((candidate) => candidate.offset <= offset) ?? {
      offset: 0,
      line: 1,
      column: 1,
    };
    return {
      file: this.#source.file,
      line: piece.line,
      column: piece.column + offset - piece.offset,
      text: trimNewline(this.#source.lines[piece.line - 1] ?? ""),
    };
  }
}
