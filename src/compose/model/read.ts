import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type YAMLMap,
} from "yaml";
import { ComposeFileError } from "./error.ts";
import { type Dict, dict, leaf, list, type Position, type Scalar, type Tree } from "./tree.ts";

/** More values than this after aliases are followed is an attack, not a configuration. */
const maximumNodes = 200_000;

interface Reading {
  readonly document: Document.Parsed;
  readonly file: string;
  readonly lines: LineCounter;
  /** Anchored nodes that are being read: meeting one again is a cycle. */
  readonly open: Set<Node>;
  left: number;
}

/**
 * The documents of a YAML text, each a mapping with the position of every value. Aliases and `<<` are followed;
 * `!reset` and `!override` are kept as tags. `file` is only named in positions. Throws `ComposeFileError`.
 */
export function readYaml(text: string, file: string): Dict[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, logLevel: "silent" });
  const found = Array.isArray(documents) ? documents : [];
  const trees = found
    .map((document) => readDocument(document, file, lines))
    .filter((tree) => tree !== undefined);
  if (trees.length === 0) throw new ComposeFileError({ file, line: 1, column: 1 }, "empty compose file");
  return trees;
}

function readDocument(document: Document.Parsed, file: string, lines: LineCounter): Dict | undefined {
  const broken = document.errors[0];
  if (broken) throw new ComposeFileError(positionOf(broken.pos[0], file, lines), broken.message);
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) return undefined;
  const tree = readNode(root, { document, file, lines, open: new Set(), left: maximumNodes });
  if (tree.kind !== "dict") throw new ComposeFileError(tree.at, "top-level object must be a mapping");
  return tree;
}

function readNode(node: Node, reading: Reading): Tree {
  const at = positionOf(node.range?.[0] ?? 0, reading.file, reading.lines);
  reading.left -= 1;
  if (reading.left < 0) throw new ComposeFileError(at, "document contains excessive aliasing");
  if (isAlias(node)) return { ...readNode(target(node, at, reading), reading), at };
  if (reading.open.has(node)) throw new ComposeFileError(at, "anchor contains itself");
  reading.open.add(node);
  const tree = readValue(node, at, reading);
  reading.open.delete(node);
  const tag = tagOf(node, at);
  return tag === undefined ? tree : { ...tree, tag };
}

function readValue(node: Node, at: Position, reading: Reading): Tree {
  if (isMap(node)) return readMap(node, at, reading);
  if (isSeq(node)) {
    return list(
      node.items.map((item) => readNode(asNode(item, at), reading)),
      at,
    );
  }
  if (isScalar(node)) return leaf(scalarOf(node.value, node.source, at), at);
  throw new ComposeFileError(at, "value is not understood");
}

function readMap(node: YAMLMap, at: Position, reading: Reading): Dict {
  const entries = new Map<string, Tree>();
  const merged: Dict[] = [];
  for (const pair of node.items) {
    const key = asNode(pair.key, at);
    const keyAt = positionOf(key.range?.[0] ?? 0, reading.file, reading.lines);
    if (!isScalar(key)) throw new ComposeFileError(keyAt, "mapping keys must be plain values");
    const value = pair.value === null ? leaf(null, keyAt) : readNode(asNode(pair.value, keyAt), reading);
    if (key.value === "<<" && key.type === "PLAIN") merged.push(...mergeSources(value));
    else entries.set(String(key.value), { ...value, keyAt });
  }
  const inherited = merged.flatMap((source) => [...source.entries]).reverse();
  for (const [key, value] of entries) inherited.push([key, value]);
  return dict(merged.length === 0 ? entries : new Map(inherited), at);
}

function mergeSources(value: Tree): Dict[] {
  const sources = value.kind === "list" ? value.items : [value];
  return sources.map((source) => {
    if (source.kind !== "dict") throw new ComposeFileError(source.at, "merge key << needs a mapping");
    return source;
  });
}

function target(alias: Alias, at: Position, reading: Reading): Node {
  const found = alias.resolve(reading.document);
  if (found === undefined) throw new ComposeFileError(at, `unknown anchor '${alias.source}' referenced`);
  return found;
}

function asNode(value: unknown, at: Position): Node {
  if (isMap(value) || isSeq(value) || isScalar(value) || isAlias(value)) return value;
  throw new ComposeFileError(at, "value is not understood");
}

function tagOf(node: Node, at: Position): "reset" | "override" | undefined {
  const tag = isAlias(node) ? undefined : node.tag;
  if (tag === undefined || tag.startsWith("tag:yaml.org,2002:")) return undefined;
  if (tag === "!reset") return "reset";
  if (tag === "!override") return "override";
  throw new ComposeFileError(at, `unknown tag ${tag}`);
}

function scalarOf(value: unknown, source: string | undefined, at: Position): Scalar {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return numberOf(value, source);
  if (typeof value === "string" || typeof value === "boolean") return value;
  throw new ComposeFileError(at, "value is not understood");
}

/** Integers too big to hold stay text; `0644` is octal, as people mean it in modes. */
function numberOf(value: number, source: string | undefined): Scalar {
  if (source !== undefined && /^0[0-7]+$/.test(source)) return Number.parseInt(source, 8);
  if (source !== undefined && Number.isInteger(value) && !Number.isSafeInteger(value)) return source;
  return value;
}

function positionOf(offset: number, file: string, lines: LineCounter): Position {
  const { line, col } = lines.linePos(offset);
  return { file, line: Math.max(1, line), column: Math.max(1, col) };
}
