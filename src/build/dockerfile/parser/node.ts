import type { Place } from "../error.ts";

/** `<<EOF` and the lines up to its terminator. */
export interface Heredoc {
  readonly name: string;
  /** The content as written, leading tabs included. */
  readonly content: string;
  /** Variables in the content are replaced (the word was not quoted). */
  readonly expand: boolean;
  /** `<<-`: leading tabs do not count. */
  readonly chomp: boolean;
}

/** One instruction as it stands in the file: cut into words, not yet understood. */
export interface Node {
  /** The instruction's name as written. */
  readonly name: string;
  /** The whole logical line: continuations joined, comments dropped. */
  readonly original: string;
  /** Leading `--flag[=value]` words. */
  readonly flags: readonly string[];
  /** Arguments; for ENV and LABEL in threes: name, value, `=` (empty in the old form). */
  readonly args: readonly string[];
  /** The arguments were a JSON array. */
  readonly json: boolean;
  /** The instruction that ONBUILD carries. */
  readonly child?: Node;
  readonly heredocs: readonly Heredoc[];
  /** First and last line in the file, from 1. */
  readonly startLine: number;
  readonly endLine: number;
  /** The place of the first occurrence of `word` in the line; the start of the instruction when it is not found. */
  place(word?: string): Place;
}

/** A parsed file. */
export interface Dockerfile {
  readonly file: string;
  /** `\` or a backtick. */
  readonly escape: string;
  readonly nodes: readonly Node[];
  readonly warnings: readonly { message: string; line: number }[];
}

/** A heredoc's content as it reaches its reader: without leading tabs when written `<<-`. */
export function heredocBody(heredoc: Heredoc): string {
  return heredoc.chomp ? heredoc.content.replace(/^\t+/gm, "") : heredoc.content;
}
