import { replacePattern } from "./glob.ts";
import { Scanner } from "./scanner.ts";
import { ExpansionError, parseModifier, substitute } from "./substitution.ts";
import { WordList } from "./word-list.ts";

export interface ExpandOptions {
  /** The values of variables; what is absent is unset. */
  readonly variables: ReadonlyMap<string, string>;
  /** `\` or a backtick. */
  readonly escape: string;
  /** Keep quotes in the result. */
  readonly rawQuotes?: boolean;
  /** Keep escape characters in the result. */
  readonly rawEscapes?: boolean;
  /** Treat quotes as ordinary characters (heredoc bodies). */
  readonly ignoreQuotes?: boolean;
  /** Leave references to unset variables as they are written. */
  readonly keepUnset?: boolean;
}

/** Replaces variables and removes quotes; throws `ExpansionError`. */
export function expandText(text: string, options: ExpandOptions): string {
  return new Expander(text, options).run().text;
}

/** Like `expandText`, and splits at blanks that are not quoted, those of variables' values included. */
export function expandWords(text: string, options: ExpandOptions): readonly string[] {
  return new Expander(text, options).run().words;
}

interface Expansion {
  readonly text: string;
  readonly words: readonly string[];
}

/** One pass over one text; follows Docker's own lexer step by step, so that its oddities are the same. */
class Expander {
  readonly #scanner: Scanner;
  readonly #options: ExpandOptions;
  #rawEscapes: boolean;

  constructor(text: string, options: ExpandOptions) {
    this.#scanner = new Scanner(text);
    this.#options = options;
    this.#rawEscapes = options.rawEscapes ?? false;
  }

  run(): Expansion {
    return this.#until(undefined);
  }

  #until(stop: string | undefined, rawEscapes = this.#rawEscapes): Expansion {
    const before = this.#rawEscapes;
    this.#rawEscapes = rawEscapes;
    try {
      return this.#collect(stop);
    } finally {
      this.#rawEscapes = before;
    }
  }

  #collect(stop: string | undefined): Expansion {
    const words = new WordList();
    let text = "";
    for (let next = this.#scanner.peek(); next !== undefined; next = this.#scanner.peek()) {
      if (next === stop) {
        this.#scanner.next();
        return { text, words: words.finish() };
      }
      text += this.#piece(next, words);
    }
    if (stop !== undefined) {
      throw new ExpansionError(`unexpected end of statement while looking for matching ${stop}`);
    }
    return { text, words: words.finish() };
  }

  #piece(next: string, words: WordList): string {
    if (next === "$") {
      const value = this.#dollar();
      words.addSplit(value);
      return value;
    }
    if (!this.#options.ignoreQuotes && (next === "'" || next === '"')) {
      const value = next === "'" ? this.#singleQuoted() : this.#doubleQuoted();
      words.addWhole(value);
      return value;
    }
    this.#scanner.next();
    if (next !== this.#options.escape) {
      words.addSplit(next);
      return next;
    }
    const value = (this.#rawEscapes ? next : "") + (this.#scanner.next() ?? "");
    if (value !== "") words.addWhole(value);
    return value;
  }

  #singleQuoted(): string {
    let text = this.#quote();
    for (;;) {
      const next = this.#scanner.peek();
      if (next === undefined) {
        throw new ExpansionError("unexpected end of statement while looking for matching single-quote");
      }
      if (next === "'") return text + this.#quote();
      text += next;
      this.#scanner.next();
    }
  }

  #doubleQuoted(): string {
    let text = this.#quote();
    for (;;) {
      const next = this.#scanner.peek();
      if (next === undefined) {
        throw new ExpansionError("unexpected end of statement while looking for matching double-quote");
      }
      if (next === '"') return text + this.#quote();
      text += next === "$" ? this.#dollar() : this.#insideDoubleQuotes();
    }
  }

  #insideDoubleQuotes(): string {
    const character = this.#scanner.next() ?? "";
    if (character !== this.#options.escape) return character;
    const kept = this.#rawEscapes ? character : "";
    const next = this.#scanner.peek();
    if (next === undefined) return kept;
    if (next === '"' || next === "$" || next === this.#options.escape) {
      this.#scanner.next();
      return kept + next;
    }
    return kept + character;
  }

  #quote(): string {
    const quote = this.#scanner.next() ?? "";
    return this.#options.rawQuotes ? quote : "";
  }

  #dollar(): string {
    this.#scanner.next();
    if (this.#scanner.peek() !== "{") {
      const name = this.#name();
      if (name === "") return "$";
      return this.#options.variables.get(name) ?? (this.#options.keepUnset ? `$${name}` : "");
    }
    this.#scanner.next();
    const first = this.#scanner.peek();
    if (first === undefined) throw new ExpansionError("syntax error: missing '}'");
    if (first === "{" || first === "}" || first === ":") {
      throw new ExpansionError("syntax error: bad substitution");
    }
    return this.#braced(this.#name());
  }

  #braced(name: string): string {
    const value = this.#options.variables.get(name);
    const operator = this.#scanner.next();
    if (operator === undefined) throw new ExpansionError("syntax error: missing '}'");
    if (operator === "}") return value ?? (this.#options.keepUnset ? `\${${name}}` : "");
    if (operator === "/") return this.#replaced(name, value);
    const nullIsUnset = operator === ":";
    const modifier = parseModifier(nullIsUnset, nullIsUnset ? this.#scanner.next() : operator);
    const isTrim = modifier === "#" || modifier === "%";
    const word = this.#operand("}", "syntax error: missing '}'", isTrim);
    if (value === undefined && this.#options.keepUnset && modifier !== "-") {
      return `\${${name}${nullIsUnset ? ":" : ""}${modifier}${word}}`;
    }
    return substitute({ name, value, word, modifier, nullIsUnset });
  }

  #replaced(name: string, value: string | undefined): string {
    const all = this.#scanner.peek() === "/";
    if (all) this.#scanner.next();
    const pattern = this.#operand("/", "syntax error: missing '/' in a pattern replacement", true);
    const replacement = this.#operand("}", "syntax error: missing '}'", false);
    if (value === undefined && this.#options.keepUnset) {
      return `\${${name}${all ? "//" : "/"}${pattern}/${replacement}}`;
    }
    return replacePattern(value ?? "", pattern, { replacement, all });
  }

  #operand(stop: string, missing: string, rawEscapes: boolean): string {
    try {
      return this.#until(stop, rawEscapes || this.#rawEscapes).text;
    } catch (error) {
      if (error instanceof ExpansionError && this.#scanner.ended) throw new ExpansionError(missing);
      throw error;
    }
  }

  #name(): string {
    const first = this.#scanner.peek();
    if (first === undefined) return "";
    if (/\p{Nd}/u.test(first)) return this.#while(/\p{Nd}/u);
    if ("@*#?-$!0".includes(first)) return this.#scanner.next() ?? "";
    return this.#while(/[\p{L}\p{Nd}_]/u);
  }

  #while(wanted: RegExp): string {
    let text = "";
    for (let next = this.#scanner.peek(); next !== undefined; next = this.#scanner.peek()) {
      if (!wanted.test(next)) break;
      text += next;
      this.#scanner.next();
    }
    return text;
  }
}
