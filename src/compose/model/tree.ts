/** Where something stands in a file; line and column count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type Scalar = string | number | boolean | null;

interface Common {
  readonly at: Position;
  /** Where the key stands that leads to this value, when it is an entry of a mapping. */
  readonly keyAt?: Position;
  /** `!reset` removes what earlier files said, `!override` replaces it whole. */
  readonly tag?: "reset" | "override";
}

export interface Leaf extends Common {
  readonly kind: "leaf";
  readonly value: Scalar;
}

export interface List extends Common {
  readonly kind: "list";
  readonly items: readonly Tree[];
}

export interface Dict extends Common {
  readonly kind: "dict";
  readonly entries: ReadonlyMap<string, Tree>;
}

/** A document between the phases of the loader: plain data, each value with its position. */
export type Tree = Leaf | List | Dict;

/** The way to a value: `services`, `web`, `ports`, 0. */
export type Path = readonly (string | number)[];

/** What plain data a tree stands for. */
export type Plain = Scalar | readonly Plain[] | { readonly [key: string]: Plain };

export function leaf(value: Scalar, at: Position): Leaf {
  return { kind: "leaf", value, at };
}

export function list(items: readonly Tree[], at: Position): List {
  return { kind: "list", items, at };
}

export function dict(entries: Iterable<readonly [string, Tree]>, at: Position): Dict {
  return { kind: "dict", entries: new Map(entries), at };
}

/** `owner` with `key` set to `value`, at its place if it was there, else last. */
export function withEntry(owner: Dict, key: string, value: Tree): Dict {
  return { ...owner, entries: new Map(owner.entries).set(key, value) };
}

/** `owner` without these keys. */
export function without(owner: Dict, ...keys: readonly string[]): Dict {
  return { ...owner, entries: new Map([...owner.entries].filter(([key]) => !keys.includes(key))) };
}

/** The value of `key`, or undefined when it is absent or null. */
export function entry(owner: Tree | undefined, key: string): Tree | undefined {
  if (owner?.kind !== "dict") return undefined;
  const value = owner.entries.get(key);
  return value === undefined || isNull(value) ? undefined : value;
}

/** The mapping under `key`, or undefined. */
export function dictAt(owner: Tree | undefined, key: string): Dict | undefined {
  const value = entry(owner, key);
  return value?.kind === "dict" ? value : undefined;
}

/** The items of the list under `key`; none when there is no list. */
export function itemsAt(owner: Tree | undefined, key: string): readonly Tree[] {
  const value = entry(owner, key);
  return value?.kind === "list" ? value.items : [];
}

/** The entries of the mapping under `key`; none when there is no mapping. */
export function entriesAt(owner: Tree | undefined, key: string): readonly (readonly [string, Tree])[] {
  const value = entry(owner, key);
  return value?.kind === "dict" ? [...value.entries] : [];
}

/** `owner` with the value of `key` changed by `change`, if it has one that is not null. */
export function changeEntry(owner: Dict, key: string, change: (value: Tree) => Tree): Dict {
  const value = entry(owner, key);
  return value === undefined ? owner : withEntry(owner, key, keepKey(value, change(value)));
}

/** `value` remembering the key position of `original`. */
export function keepKey(original: Tree, value: Tree): Tree {
  return original.keyAt === undefined || value.keyAt !== undefined
    ? value
    : { ...value, keyAt: original.keyAt };
}

export function isNull(tree: Tree): boolean {
  return tree.kind === "leaf" && tree.value === null;
}

/** The text of a scalar as environment values and labels show it; undefined for null, lists and mappings. */
export function textOf(tree: Tree | undefined): string | undefined {
  if (tree?.kind !== "leaf" || tree.value === null) return undefined;
  return String(tree.value);
}

/** The text of the scalar under `key`. */
export function textAt(owner: Tree | undefined, key: string): string | undefined {
  return textOf(entry(owner, key));
}

/** Plain data, ready for JSON or YAML. */
export function toPlain(tree: Tree): Plain {
  switch (tree.kind) {
    case "leaf":
      return tree.value;
    case "list":
      return tree.items.map(toPlain);
    case "dict":
      return Object.fromEntries([...tree.entries].map(([key, value]) => [key, toPlain(value)]));
  }
}

/** A tree for plain data, all of it at one position. */
export function fromPlain(value: Plain, at: Position): Tree {
  if (isPlainList(value)) {
    return list(
      value.map((item) => fromPlain(item, at)),
      at,
    );
  }
  if (typeof value !== "object" || value === null) return leaf(value, at);
  return dict(
    Object.entries(value).map(([key, item]) => [key, fromPlain(item, at)]),
    at,
  );
}

function isPlainList(value: Plain): value is readonly Plain[] {
  return Array.isArray(value);
}

/** `services.web.ports[0]`. */
export function formatPath(path: Path): string {
  return path
    .map((step, index) => (typeof step === "number" ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join("");
}

/** Whether `path` fits `pattern`, where `*` stands for one step. */
export function pathMatches(path: Path, pattern: readonly string[]): boolean {
  return (
    path.length === pattern.length &&
    pattern.every((step, index) => step === "*" || step === String(path[index]))
  );
}
