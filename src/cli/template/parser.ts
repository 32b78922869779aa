import { cutTemplate, type Piece, type Token, tokenize } from "./lexer.ts";
import type { Call, Node, Operand, Pipeline } from "./nodes.ts";

/** Parses a Go template; throws with Go's reason. `functions` are the names that may be called. */
export function parseTemplate(template: string, functions: ReadonlySet<string>): Node[] {
  const reader: Reader = { pieces: cutTemplate(template), at: 0, functions };
  const { nodes, end } = parseList(reader);
  if (end !== undefined) throw new Error(`unexpected {{${end}}}`);
  return nodes;
}

interface Reader {
  readonly pieces: readonly Piece[];
  at: number;
  readonly functions: ReadonlySet<string>;
}

/** Nodes up to `{{end}}`, `{{else …}}` or the end of the template; `end` is what stopped it. */
function parseList(reader: Reader): { nodes: Node[]; end: string | undefined } {
  const nodes: Node[] = [];
  for (let piece = reader.pieces[reader.at]; piece; piece = reader.pieces[reader.at]) {
    reader.at += 1;
    if (piece.kind === "text") {
      nodes.push(piece);
      continue;
    }
    const word = /^[a-z]+\b/.exec(piece.source)?.[0];
    if (word === "end" || word === "else") return { nodes, end: piece.source };
    nodes.push(parseAction(reader, piece.source, word));
  }
  return { nodes, end: undefined };
}

function parseAction(reader: Reader, source: string, word: string | undefined): Node {
  switch (word) {
    case "if":
    case "with":
    case "range":
      return parseBranch(reader, word, source.slice(word.length));
    case "break":
    case "continue":
      return { kind: word };
    case "define":
    case "template":
    case "block":
      throw new Error(`unexpected {{${word}}}`);
    default:
      return { kind: "output", pipeline: parsePipeline(source, reader.functions, "command") };
  }
}

function parseBranch(reader: Reader, word: "if" | "with" | "range", source: string): Node {
  const pipeline = parsePipeline(source.trim(), reader.functions, word);
  const { nodes: body, end } = parseList(reader);
  if (end === undefined) throw new Error("unexpected EOF");
  const chained = /^else\s+(if|with)\b(.*)$/s.exec(end);
  if (chained) {
    const next = chained[1] === "with" ? "with" : "if";
    return { kind: "branch", word, pipeline, body, otherwise: [parseBranch(reader, next, chained[2] ?? "")] };
  }
  if (end !== "else") return { kind: "branch", word, pipeline, body, otherwise: [] };
  const rest = parseList(reader);
  if (rest.end === undefined) throw new Error("unexpected EOF");
  if (rest.end !== "end") throw new Error("expected end; found {{else}}");
  return { kind: "branch", word, pipeline, body, otherwise: rest.nodes };
}

function parsePipeline(source: string, functions: ReadonlySet<string>, what: string): Pipeline {
  const words: Words = { tokens: tokenize(source), at: 0, functions };
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
  if (args.length > 0 && (operand.kind === "literal" || operand.kind === "dot")) {
    throw new Error(`can't give argument to non-function ${operand.kind === "dot" ? "." : operand.text}`);
  }
  return { operand, args };
}

function readOperand(words: Words): Operand | undefined {
  const token = words.tokens[words.at];
  if (!token || token.kind === "space") return undefined;
  if (token.text === "(") return readGroup(words);
  words.at += 1;
  switch (token.kind) {
    case "field":
      words.at -= 1;
      return { kind: "field", fields: readFields(words) };
    case "variable":
      return { kind: "variable", name: token.text, fields: readFields(words) };
    case "string":
      return { kind: "literal", value: unquote(token.text), text: token.text };
    case "char":
      return {
        kind: "literal",
        value: unquote(`"${token.text.slice(1, -1)}"`).codePointAt(0) ?? 0,
        text: token.text,
      };
    case "number":
      return { kind: "literal", value: Number(token.text), text: token.text };
    case "identifier":
      return identifier(token.text, words.functions);
    case "symbol":
      if (token.text === ".") return { kind: "dot" };
      words.at -= 1;
      return undefined;
  }
}

function readGroup(words: Words): Operand {
  words.at += 1;
  const pipeline = readPipeline(words, "parenthesized pipeline");
  if (words.tokens[words.at]?.text !== ")") throw new Error("unclosed left paren");
  words.at += 1;
  return { kind: "group", pipeline, fields: readFields(words) };
}

function readFields(words: Words): string[] {
  const fields: string[] = [];
  for (let token = words.tokens[words.at]; token?.kind === "field"; token = words.tokens[words.at]) {
    fields.push(token.text.slice(1));
    words.at += 1;
  }
  return fields;
}

function identifier(name: string, functions: ReadonlySet<string>): Operand {
  if (name === "true" || name === "false") return { kind: "literal", value: name === "true", text: name };
  if (name === "nil") return { kind: "nil" };
  if (!functions.has(name)) throw new Error(`function ${JSON.stringify(name)} not defined`);
  return { kind: "function", name };
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
