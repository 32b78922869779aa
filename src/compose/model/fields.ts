import { messageOf, parseBytes, parseDuration } from "../../base/index.ts";
import { mistake } from "./error.ts";
import { type Dict, entriesAt, entry, itemsAt, type Path, type Tree, textAt, textOf } from "./tree.ts";

/** Reads the values of one mapping; a value that cannot be read is refused with its place. */
export interface Fields {
  readonly tree: Tree | undefined;
  readonly path: Path;
  text(key: string): string | undefined;
  flag(key: string): boolean | undefined;
  number(key: string): number | undefined;
  /** `64m`, `1gb`, or a number of bytes; -1 where that means no limit. */
  bytes(key: string): number | undefined;
  /** `1m30s` in nanoseconds. */
  duration(key: string): number | undefined;
  texts(key: string): string[];
  /** A mapping of texts; a name without a value counts as empty. */
  map(key: string): Record<string, string>;
  items(key: string): Fields[];
  under(key: string): Fields;
  has(key: string): boolean;
  /** The error for the value of `key`. */
  wrong(key: string, message: string): Error;
}

export function fields(tree: Tree | undefined, path: Path): Fields {
  const wrong = (key: string, message: string): Error => {
    const value = entry(tree, key) ?? tree;
    return mistake(value?.at ?? { file: "", line: 1, column: 1 }, [...path, key], message);
  };
  const read = <T>(key: string, parse: (text: string) => T): T | undefined => {
    const text = textAt(tree, key);
    if (text === undefined) return undefined;
    try {
      return parse(text);
    } catch (error) {
      throw wrong(key, `is not valid: ${messageOf(error)}`);
    }
  };
  return {
    tree,
    path,
    wrong,
    text: (key) => textAt(tree, key),
    flag: (key) => read(key, (text) => text === "true"),
    number: (key) => read(key, parseNumber),
    bytes: (key) => read(key, (text) => (text === "-1" ? -1 : parseBytes(text))),
    duration: (key) => read(key, parseDuration),
    texts: (key) => itemsAt(tree, key).map((item) => textOf(item) ?? ""),
    map: (key) =>
      Object.fromEntries(entriesAt(tree, key).map(([name, value]) => [name, textOf(value) ?? ""])),
    items: (key) => itemsAt(tree, key).map((item, index) => fields(item, [...path, key, index])),
    under: (key) => fields(entry(tree, key), [...path, key]),
    has: (key) => entry(tree, key) !== undefined,
  };
}

function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) throw new Error(`"${text}" is not a number`);
  return value;
}

/** The entries of a mapping that are mappings or empty, each with its reader. */
export function fieldsOf(tree: Dict, section: string): [string, Fields][] {
  return entriesAt(tree, section).map(([name, value]) => [name, fields(value, [section, name])]);
}

/** `values` without the keys that are undefined. */
export function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** What `defined` leaves: optional where it could be undefined. */
export type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};
