import { messageOf } from "../../../base/index.ts";
import { type Place, parseError } from "../error.ts";
import { parseArguments } from "./arguments.ts";
import { DirectiveReader } from "./directives.ts";
import { announcedHeredocs } from "./heredoc.ts";
import type { Dockerfile, Heredoc, Node } from "./node.ts";
import { LogicalLine, readSource, type Source, trimNewline } from "./source.ts";
import { splitFlags } from "./words.ts";

/**
 * Cuts a Dockerfile into instructions with their places. Knows nothing of what instructions mean, save how each
 * one's arguments are cut. Throws `DockerfileError`.
 */
export function parseDockerfile(bytes: Uint8Array, file: string): Dockerfile {
  return new Parser(readSource(file, bytes)).run();
}

class Parser {
  readonly #source: Source;
  readonly #directives = new DirectiveReader();
  readonly #warnings: { message: string; line: number }[] = [];
  /** Number of lines taken, which is also the number of the last one. */
  #line = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  run(): Dockerfile {
    const nodes: Node[] = [];
    while (this.#line < this.#source.lines.length) {
      const node = this.#instruction();
      if (node) nodes.push(node);
    }
    if (nodes.length === 0) throw parseError("file with no instructions", this.#here(this.#line || 1));
    return {
      file: this.#source.file,
      escape: this.#directives.escape,
      nodes,
      warnings: this.#warnings,
    };
  }

  #take(): string {
    const line = this.#source.lines[this.#line] ?? "";
    this.#line += 1;
    return line;
  }

  #here(line: number): Place {
    return {
      file: this.#source.file,
      line,
      column: 1,
      text: trimNewline(this.#source.lines[line - 1] ?? ""),
    };
  }

  #instruction(): Node | undefined {
    const written = trimNewline(this.#take());
    this.#readDirective(written);
    const startLine = this.#line;
    const trimmed = written.trimStart();
    const first = this.#withoutContinuation(trimmed.replace(/^#.*$/, ""));
    if (first.ends && first.text === "") return undefined;
    const line = new LogicalLine(this.#source);
    line.add(first.text, startLine, written.length - trimmed.length + 1);
    if (!first.ends) this.#continue(line, startLine);
    const node = this.#node({ line, start: 0, text: line.text, startLine });
    return this.#withHeredocs(node, line.text);
  }

  #readDirective(line: string): void {
    try {
      this.#directives.read(line);
    } catch (error) {
      throw parseError(messageOf(error), this.#here(this.#line));
    }
  }

  /** Adds lines until one does not end with the escape character; comments and blank lines in between are dropped. */
  #continue(line: LogicalLine, startLine: number): void {
    let blank = false;
    while (this.#line < this.#source.lines.length) {
      const text = trimNewline(this.#take());
      if (/^\s*#/.test(text)) continue;
      if (text.trim() === "") {
        blank = true;
        continue;
      }
      const next = this.#withoutContinuation(text);
      line.add(next.text, this.#line, 1);
      if (next.ends) break;
    }
    if (blank) this.#warnings.push({ message: "Empty continuation line", line: startLine });
  }

  #withoutContinuation(text: string): { text: string; ends: boolean } {
    const e = this.#directives.escape === "\\" ? "\\\\" : "`";
    const match = new RegExp(`(^|[^${e}])${e}[ \\t]*$`).exec(text);
    if (!match) return { text, ends: true };
    return { text: text.slice(0, match.index) + (match[1] ?? ""), ends: false };
  }

  #node(from: { line: LogicalLine; start: number; text: string; startLine: number }): Node {
    const { line, start, startLine } = from;
    const match = /^(\S+)(?:[\t\v\f\r ]+(.*))?$/s.exec(from.text.trim());
    const name = match?.[1] ?? "";
    const { flags, rest } = splitFlags(match?.[2] ?? "");
    const place = (word?: string) => {
      const offset = word === undefined ? -1 : line.text.indexOf(word, start);
      return line.place(offset < 0 ? start : offset);
    };
    const text = rest.trim();
    const common = { name, original: from.text.trim(), flags, heredocs: [], startLine, place };
    try {
      const { args, json } = parseArguments(name.toLowerCase(), text, this.#directives.escape);
      const node: Node = { ...common, args, json, endLine: this.#line };
      if (name.toLowerCase() !== "onbuild" || text === "") return node;
      const childStart = line.text.indexOf(text, start + name.length);
      return { ...node, child: this.#node({ line, start: childStart, text, startLine }) };
    } catch (error) {
      if (error instanceof Error && error.name !== "Error") throw error;
      throw parseError(messageOf(error), place());
    }
  }

  #withHeredocs(node: Node, line: string): Node {
    const carrier = node.child ?? node;
    if (carrier.json || !["add", "copy", "run"].includes(carrier.name.toLowerCase())) return node;
    if (!line.includes("<<")) return node;
    const heredocs = announcedHeredocs(line).map((heredoc) => this.#body(heredoc, node));
    const endLine = this.#line;
    if (node.child) return { ...node, endLine, child: { ...node.child, heredocs, endLine } };
    return { ...node, heredocs, endLine };
  }

  #body(heredoc: Heredoc, node: Node): Heredoc {
    let content = "";
    while (this.#line < this.#source.lines.length) {
      const line = this.#take();
      const text = trimNewline(line);
      if ((heredoc.chomp ? text.replace(/^\t+/, "") : text) === heredoc.name) return { ...heredoc, content };
      content += line;
    }
    const hint = `End the text with a line that holds only ${heredoc.name}.`;
    throw parseError("unterminated heredoc", node.place(`<<`), hint);
  }
}
