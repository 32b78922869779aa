import { cutTemplate, type Piece, type Token, tokenize } from "./lexer.ts";
import type { Call, Node, Operand, Parsed, Pipeline } from "./nodes.ts";

/** Parses a Go template; throws with Go's reason. `functions` are the names that may be called. */
export function parseTemplate(template: string, functions: ReadonlySet<string>): Parsed {
  const named = new Map<string, readonly Node[]>();
  const reader: Reader = { pieces: cutTemplate(template), at: 0, functions, named };
  const { nodes, end } = parseList(reader);
  if (end !== undefined) throw new Error(`unexpected {{${end.source}}}`);
  return { nodes, named };
}

interface Reader {
  readonly pieces: readonly Piece[];
  at: number;
  readonly functions: ReadonlySet<string>;
  readonly named: Map<string, readonly Node[]>;
}

type Action = Pick<Extract<Piece, { kind: "action" }>, "source" | "offset">;

/** Nodes up to `{{end}}`, `{{else …}}` or the end of the template; `end` is what stopped it. */
function parseList(reader: Reader): { nodes: Node[]; end: Action | undefined } {
  const nodes: Node[] = [];
  for (let piece = reader.pieces[reader.at]; piece; piece = reader.pieces[reader.at]) {
    reader.at += 1;
    if (piece.kind === "text") {
      nodes.push(piece);
      continue;
    }
    const word = /^[a-z]+\b/.exec(piece.source)?.[0];
    if (word === "end" || word === "else") return { nodes, end: piece };
    const node = parseAction(reader, piece, word);
    if (node) nodes.push(node);
  }
  return { nodes, end: undefined };
}

function parseAction(reader: Reader, action: Action, word: string | undefined): Node | undefined {
  switch (word) {
    case "if":
    case "with":
    case "range":
      return parseBranch(reader, word, after(action, word.length));
    case "break":
    case "continue":
      return { kind: word };
    case "define":
      define(reader, named(after(action, word.length), word));
      return undefined;
    case "template":
      return templateCall(reader, named(after(action, word.length), word));
    case "block": {
      const block = named(after(action, word.length), word);
      define(reader, block);
      return templateCall(reader, block);
    }
    default:
      return { kind: "output", pipeline: parsePipeline(action, reader.functions, "command") };
  }
}

interface Named {
  readonly name: string;
  /** What follows the name. */
  readonly rest: Action;
  readonly at: number;
}

/** The quoted name that these actions begin with. */
function named(action: Action, word: string): Named {
  const quoted = /^(?:"(?:[^"\\]|\\.)*"|`[^`]*`)/.exec(action.source)?.[0];
  if (quoted === undefined) throw new Error(`unexpected ${JSON.stringify(action.source)} in ${word} clause`);
  return { name: unquote(quoted), rest: after(action, quoted.length), at: action.offset };
}

function define(reader: Reader, { name }: Named): void {
  const { nodes, end } = parseList(reader);
  if (end === undefined) throw new Error("unexpected EOF");
  if (end.source !== "end") throw new Error(`unexpected {{${end.source}}} in define clause`);
  reader.named.set(name, nodes);
}

function templateCall(reader: Reader, { name, rest, at }: Named): Node {
  const pipeline = rest.source === "" ? undefined : parsePipeline(rest, reader.functions, "template clause");
  return { kind: "template", name, pipeline, at };
}

/** What stands in an action after its first `length` characters. */
function after({ source, offset }: Action, length: number): Action {
  const rest = source.slice(length);
  return { source: rest.trim(), offset: offset + length + rest.length - rest.trimStart().length };
}

function parseBranch(reader: Reader, word: "if" | "with" | "range", action: Action): Node {
  const pipeline = parsePipeline(action, reader.functions, word);
  const { nodes: body, end } = parseList(reader);
  if (end === undefined) throw new Error("unexpected EOF");
  const chained = /^else\s+(if|with)\b/.exec(end.source);
  if (chained) {
    const next = chained[1] === "with" ? "with" : "if";
    const otherwise = [parseBranch(reader, next, after(end, chained[0].length))];
    return { kind: "branch", word, pipeline, body, otherwise };
  }
  if (end.source !== "else") return { kind: "branch", word, pipeline, body, otherwise: [] };
  const rest = parseList(reader);
  if (rest.end === undefined) throw new Error("unexpected EOF");
  if (rest.end.source !== "end") throw new Error("expected end; found {{else}}");
  return { kind: "branch", word, pipeline, body, otherwise: rest.nodes };
}

function parsePipeline(action: Action, functions: ReadonlySet<string>, what: string): Pipeline {
  const words: Words = { tokens: tokenize(action.source, action.offset), at: 0, functions };
  const pipeline = readPipeline(words, what);
  const extra = words.tokens[words.at];
  if (extra) throw new Error(`unexpected ${JSON.stringify(extra.text)} in ${what}`);
  return pipeline;
}

interface Words {
  readonly tokens: readonly Token[];
  at: number;
  readonly functions: ReadonlySet<string>;
}

function readPipeline(words: Words, what: string): Pipeline {
  const declared = readDeclaration(words);
  const calls: Call[] = [];
  for (;;) {
    calls.push(readCall(words, what));
    skipSpace(words);
    if (words.tokens[words.at]?.text !== "|") return { calls, ...declared };
    words.at += 1;
  }
}

/** `$a :=`, `$a =` or `$i, $a :=` at the start of a pipeline. */
function readDeclaration(words: Words): { variables: string[]; declares: boolean } {
  const rest = words.tokens.slice(words.at).filter((token) => token.kind !== "space");
  const names = rest[1]?.text === "," ? [rest[0], rest[2]] : [rest[0]];
  const sign = rest[names.length === 2 ? 3 : 1]?.text;
  const variables = names.flatMap((token) => (token?.kind === "variable" ? [token.text] : []));
  if ((sign !== ":=" && sign !== "=") || variables.length !== names.length)
    return { variables: [], declares: false };
  while (words.tokens[words.at]?.text !== sign) words.at += 1;
  words.at += 1;
  return { variables, declares: sign === ":=" };
}

function readCall(words: Words, what: string): Call {
  skipSpace(words);
  const operand = readOperand(words);
  if (!operand) throw new Error(`missing value for ${what}`);
  const args: Operand[] = [];
  for (;;) {
    const spaced = skipSpace(words);
    const token = words.tokens[words.at];
    if (!token || token.text === "|" || token.text === ")") break;
    const arg = spaced ? readOperand(words) : undefined;
    if (!arg) throw new Error(`unexpected ${JSON.stringify(token.text)} in operand`);
    args.push(arg);
  }
  return { operand, args };
}

function readOperand(words: Words): Operand | undefined {
  const token = words.tokens[words.at];
  if (!token || token.kind === "space") return undefined;
  if (token.text === "(") return readGroup(words);
  const start = words.at;
  words.at += 1;
  switch (token.kind) {
    case "field":
      words.at -= 1;
      // Go places a chain of fields at its second one.
      return {
        kind: "field",
        fields: readFields(words),
        at: words.tokens[start + 1]?.kind === "field" ? at(words, start + 1) : token.at,
      };
    case "variable":
      return { kind: "variable", name: token.text, fields: readFields(words), at: at(words, start + 1) };
    case "string":
      return { kind: "literal", value: unquote(token.text), text: token.text, at: token.at };
    case "char":
      return {
        kind: "literal",
        value: unquote(`"${token.text.slice(1, -1)}"`).codePointAt(0) ?? 0,
        text: token.text,
        at: token.at,
      };
    case "number":
      return { kind: "literal", value: Number(token.text), text: token.text, at: token.at };
    case "identifier":
      return identifier(token, words.functions);
    case "symbol":
      if (token.text === ".") return { kind: "dot", at: token.at };
      words.at -= 1;
      return undefined;
  }
}

function readGroup(words: Words): Operand {
  words.at += 1;
  const pipeline = readPipeline(words, "parenthesized pipeline");
  if (words.tokens[words.at]?.text !== ")") throw new Error("unclosed left paren");
  words.at += 1;
  const start = words.at;
  return { kind: "group", pipeline, fields: readFields(words), at: at(words, start) };
}

/** Where this word stands, or the last one before it. */
function at(words: Words, index: number): number {
  return (words.tokens[index] ?? words.tokens.at(-1))?.at ?? 0;
}

function readFields(words: Words): string[] {
  const fields: string[] = [];
  for (let token = words.tokens[words.at]; token?.kind === "field"; token = words.tokens[words.at]) {
    fields.push(token.text.slice(1));
    words.at += 1;
  }
  return fields;
}

function identifier({ text: name, at }: Token, functions: ReadonlySet<string>): Operand {
  if (name === "true" || name === "false") return { kind: "literal", value: name === "true", text: name, at };
  if (name === "nil") return { kind: "nil", at };
  if (!functions.has(name)) throw new Error(`function ${JSON.stringify(name)} not defined`);
  return { kind: "function", name, at };
}

function skipSpace(words: Words): boolean {
  const spaced = words.tokens[words.at]?.kind === "space";
  if (spaced) words.at += 1;
  return spaced;
}

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
};

function unquote(text: string): string {
  if (text.startsWith("`")) return text.slice(1, -1);
  return text.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[0-7]{3}|.)/gs, (_, code: string) => {
    if (/^[xu]./.test(code)) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]{3}$/.test(code)) return String.fromCodePoint(Number.parseInt(code, 8));
    return escapes[code] ?? code;
  });
}
