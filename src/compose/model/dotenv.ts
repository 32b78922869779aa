import { EngineError } from "../../base/index.ts";
import { type Lookup, substitute } from "./template.ts";

export interface EnvironmentFile {
  /** Named in errors. */
  readonly file: string;
  /** Variables from outside: they win inside `${…}`, and give a value to a line that is only a name. */
  readonly lookup: Lookup;
  /** Whether values are taken as they stand: no quotes, no variables. */
  readonly raw?: boolean;
}

interface Cursor {
  readonly lines: readonly string[];
  at: number;
}

/**
 * Reads `NAME=value` lines as Compose does: comments, `export`, single quotes as they stand, double quotes with
 * escapes, values over several lines in quotes, variables outside of single quotes. A lone name takes the outer value
 * or is left out. Throws `invalid` with file and line.
 */
export function parseEnvironmentFile(text: string, options: EnvironmentFile): Map<string, string> {
  const values = new Map<string, string>();
  const lookup: Lookup = (name) => options.lookup(name) ?? values.get(name);
  const cursor: Cursor = { lines: text.replace(/^\uFEFF/, "").split(/\r?\n/), at: 0 };
  while (cursor.at < cursor.lines.length) {
    const line = cursor.lines[cursor.at] ?? "";
    const number = cursor.at + 1;
    cursor.at += 1;
    if (/^\s*(#|$)/.test(line)) continue;
    const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*(?:([=:])[ \t]*(.*))?$/.exec(line);
    if (!match) throw unreadable(options.file, number, `unexpected line "${line.trim()}"`);
    const name = match[1] ?? "";
    const value =
      match[2] === undefined
        ? options.lookup(name)
        : readValue(match[3] ?? "", cursor, { ...options, lookup }, number);
    if (value !== undefined) values.set(name, value);
  }
  return values;
}

function readValue(start: string, cursor: Cursor, options: EnvironmentFile, line: number): string {
  if (options.raw) return start;
  const quote = start[0];
  if (quote !== '"' && quote !== "'") {
    return expand(start.replace(/(^|\s)#.*$/, "").trimEnd(), options, line);
  }
  const body = quoted(start.slice(1), quote, cursor, () =>
    unreadable(options.file, line, "unterminated quoted value"),
  );
  if (quote === "'") return body;
  return expand(withoutEscapes(body), options, line);
}

/** What stands up to the closing quote, taking further lines as needed. */
function quoted(first: string, quote: string, cursor: Cursor, unterminated: () => Error): string {
  let body = first;
  for (;;) {
    const end = closing(body, quote);
    if (end >= 0) return body.slice(0, end);
    const next = cursor.lines[cursor.at];
    if (next === undefined) throw unterminated();
    cursor.at += 1;
    body += `\n${next}`;
  }
}

function closing(text: string, quote: string): number {
  for (let at = 0; at < text.length; at += 1) {
    if (quote === '"' && text[at] === "\\") at += 1;
    else if (text[at] === quote) return at;
  }
  return -1;
}

function withoutEscapes(text: string): string {
  const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", $: "$$" };
  return text.replace(/\\(.)/g, (_, char: string) => escapes[char] ?? char);
}

function expand(text: string, options: EnvironmentFile, line: number): string {
  try {
    return substitute(text, { lookup: options.lookup });
  } catch (error) {
    throw unreadable(options.file, line, error instanceof Error ? error.message : String(error));
  }
}

function unreadable(file: string, line: number, message: string): EngineError {
  return new EngineError("invalid", `failed to read ${file}: line ${line}: ${message}`, { subject: file });
}
