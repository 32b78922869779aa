/** A word of a template's action, and where it stands in the template. */
export interface Token {
  readonly kind: "field" | "variable" | "identifier" | "string" | "number" | "char" | "symbol" | "space";
  readonly text: string;
  readonly at: number;
}

/** A template cut into literal text and actions. */
export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly source: string; readonly offset: number };

/** Cuts `a {{b}} c`, with the trim markers applied and comments dropped; throws in Go's words. */
export function cutTemplate(template: string): Piece[] {
  const pieces: Piece[] = [];
  let rest = 0;
  let trimNext = false;
  for (let open = template.indexOf("{{"); open >= 0; open = template.indexOf("{{", rest)) {
    const close = closing(template, open + 2);
    let inner = template.slice(open + 2, close);
    let text = template.slice(rest, open);
    let offset = open + 2;
    if (trimNext) text = text.trimStart();
    if (/^-\s/.test(inner)) {
      text = text.trimEnd();
      inner = inner.slice(1);
      offset += 1;
    }
    trimNext = /\s-$/.test(inner);
    if (trimNext) inner = inner.slice(0, -1);
    if (text !== "") pieces.push({ kind: "text", text });
    if (!/^\s*\/\*[\s\S]*\*\/\s*$/.test(inner)) {
      offset += inner.length - inner.trimStart().length;
      pieces.push({ kind: "action", source: inner.trim(), offset });
    }
    rest = close + 2;
  }
  const last = trimNext ? template.slice(rest).trimStart() : template.slice(rest);
  if (last !== "") pieces.push({ kind: "text", text: last });
  return pieces;
}

/** Where the action that starts at `from` ends; strings in it may hold braces. */
function closing(template: string, from: number): number {
  let at = from;
  while (at < template.length) {
    const character = template.charAt(at);
    if (template.startsWith("}}", at)) return at;
    if (character === '"' || character === "`") at = skipString(template, at);
    else at += 1;
  }
  throw new Error("unclosed action");
}

function skipString(template: string, from: number): number {
  const quote = template.charAt(from);
  for (let at = from + 1; at < template.length; at += 1) {
    const character = template.charAt(at);
    if (character === "\\" && quote === '"') at += 1;
    else if (character === quote) return at + 1;
  }
  throw new Error("unterminated quoted string");
}

const patterns: readonly (readonly [Token["kind"], RegExp])[] = [
  ["space", /^\s+/],
  ["string", /^(?:"(?:[^"\\]|\\.)*"|`[^`]*`)/],
  ["char", /^'(?:[^'\\]|\\.)'/],
  ["field", /^\.[\p{L}_][\p{L}\p{N}_]*/u],
  ["variable", /^\$[\p{L}\p{N}_]*/u],
  ["number", /^[+-]?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?)/],
  ["identifier", /^[\p{L}_][\p{L}\p{N}_]*/u],
  ["symbol", /^(?::=|[.()|,=])/],
];

/** Cuts an action, which stands at `offset`, into its words; throws in Go's words. */
export function tokenize(source: string, offset: number): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < source.length; ) {
    const token = match(source.slice(at), offset + at);
    tokens.push(token);
    at += token.text.length;
  }
  return tokens;
}

function match(rest: string, at: number): Token {
  for (const [kind, pattern] of patterns) {
    const text = pattern.exec(rest)?.[0];
    if (text !== undefined) return { kind, text, at };
  }
  throw new Error(unexpected(rest));
}

function unexpected(rest: string): string {
  if (rest.startsWith('"')) return "unterminated quoted string";
  if (rest.startsWith("`")) return "unterminated raw quoted string";
  const character = rest.charAt(0);
  if (character === "}") return 'unexpected "}" in operand';
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return `unrecognized character in action: U+${code} '${character}'`;
}
