/** A word of a template's action. */
export type Token =
  | {
      readonly kind: "field" | "variable" | "identifier" | "string" | "number" | "char" | "symbol";
      readonly text: string;
    }
  | { readonly kind: "space"; readonly text: " " };

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
    if (trimNext) text = text.trimStart();
    if (/^-\s/.test(inner)) {
      text = text.trimEnd();
      inner = inner.slice(1);
    }
    trimNext = /\s-$/.test(inner);
    if (trimNext) inner = inner.slice(0, -1);
    if (text !== "") pieces.push({ kind: "text", text });
    if (!/^\s*\/\*[\s\S]*\*\/\s*$/.test(inner)) {
      pieces.push({ kind: "action", source: inner.trim(), offset: open + 2 });
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

const patterns: readonly (readonly [Exclude<Token["kind"], "space">, RegExp])[] = [
  ["string", /^(?:"(?:[^"\\]|\\.)*"|`[^`]*`)/],
  ["char", /^'(?:[^'\\]|\\.)'/],
  ["field", /^\.[\p{L}_][\p{L}\p{N}_]*/u],
  ["variable", /^\$[\p{L}\p{N}_]*/u],
  ["number", /^[+-]?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?)/],
  ["identifier", /^[\p{L}_][\p{L}\p{N}_]*/u],
  ["symbol", /^(?::=|[.()|,=])/],
];

/** Cuts an action into its words; throws in Go's words. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let rest = source;
  while (rest !== "") {
    const space = /^\s+/.exec(rest)?.[0];
    if (space) {
      tokens.push({ kind: "space", text: " " });
      rest = rest.slice(space.length);
      continue;
    }
    const token = match(rest);
    if (!token) throw new Error(unexpected(rest));
    tokens.push(token);
    rest = rest.slice(token.text.length);
  }
  return tokens;
}

function match(rest: string): Token | undefined {
  for (const [kind, pattern] of patterns) {
    const text = pattern.exec(rest)?.[0];
    if (text !== undefined) return { kind, text };
  }
  return undefined;
}

function unexpected(rest: string): string {
  if (rest.startsWith('"')) return "unterminated quoted string";
  if (rest.startsWith("`")) return "unterminated raw quoted string";
  const character = rest.charAt(0);
  if (character === "}") return 'unexpected "}" in operand';
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return `unrecognized character in action: U+${code} '${character}'`;
}
