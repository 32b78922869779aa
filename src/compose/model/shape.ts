import { mistake } from "./error.ts";
import type { Path, Tree } from "./tree.ts";

/** What a value may look like. Texts stand for numbers and booleans too: variables only ever give text. */
export type Shape =
  | { readonly kind: "text" | "number" | "boolean" | "scalar" | "any" | "null" }
  | { readonly kind: "word"; readonly words: readonly string[] }
  | { readonly kind: "list"; readonly of: Shape }
  | { readonly kind: "map"; readonly of: Shape; readonly names?: RegExp }
  | {
      readonly kind: "object";
      readonly keys: () => Readonly<Record<string, Shape>>;
      readonly required?: string;
    }
  | { readonly kind: "either"; readonly shapes: readonly Shape[] };

export const text: Shape = { kind: "text" };
export const number: Shape = { kind: "number" };
export const boolean: Shape = { kind: "boolean" };
/** Text, number or boolean. */
export const scalar: Shape = { kind: "scalar" };
export const any: Shape = { kind: "any" };

export function word(...words: readonly string[]): Shape {
  return { kind: "word", words };
}

export function listOf(of: Shape): Shape {
  return { kind: "list", of };
}

/** A mapping with free names; `names` says which are allowed. */
export function mapOf(of: Shape, names?: RegExp): Shape {
  return names === undefined ? { kind: "map", of } : { kind: "map", of, names };
}

/** A mapping with these keys, and any `x-…`. */
export function object(keys: Readonly<Record<string, Shape>>, required?: string): Shape {
  return required === undefined
    ? { kind: "object", keys: () => keys }
    : { kind: "object", keys: () => keys, required };
}

export function either(...shapes: readonly Shape[]): Shape {
  return { kind: "either", shapes };
}

export function orNull(shape: Shape): Shape {
  return either(shape, { kind: "null" });
}

/** Throws the first mistake of `tree` against `shape`, in Compose's words and with its place. */
export function check(tree: Tree, shape: Shape, path: Path = []): void {
  if (shape.kind === "any") return;
  if (shape.kind === "list") checkList(tree, shape, path);
  else if (shape.kind === "map") checkMap(tree, shape, path);
  else if (shape.kind === "object") checkObject(tree, shape, path);
  else if (shape.kind === "either") checkEither(tree, shape.shapes, path);
  else if (!fitsLeaf(tree, shape)) throw wrongKind(tree, shape, path);
}

/** `tree`, which fits `shape`, with texts turned into the numbers and booleans that their places want. */
export function cast(tree: Tree, shape: Shape): Tree {
  switch (shape.kind) {
    case "number":
      return tree.kind === "leaf" && typeof tree.value === "string"
        ? { ...tree, value: Number(tree.value) }
        : tree;
    case "boolean":
      return tree.kind === "leaf" && typeof tree.value === "string"
        ? { ...tree, value: isTrueText(tree.value) }
        : tree;
    case "list":
      return tree.kind === "list" ? { ...tree, items: tree.items.map((item) => cast(item, shape.of)) } : tree;
    case "map":
      return castEntries(tree, () => shape.of);
    case "object":
      return castEntries(tree, (key) => shape.keys()[key]);
    case "either": {
      const fitting = shape.shapes.find((one) => sameKind(tree, one));
      return fitting === undefined || (fitting.kind === "number" && shape.shapes.some(isText))
        ? tree
        : cast(tree, fitting);
    }
    default:
      return tree;
  }
}

function castEntries(tree: Tree, shapeOf: (key: string) => Shape | undefined): Tree {
  if (tree.kind !== "dict") return tree;
  const entries = new Map<string, Tree>();
  for (const [key, value] of tree.entries) {
    const shape = shapeOf(key);
    entries.set(key, shape === undefined ? value : cast(value, shape));
  }
  return { ...tree, entries };
}

function isText(shape: Shape): boolean {
  return shape.kind === "text";
}

function checkList(tree: Tree, shape: Shape & { kind: "list" }, path: Path): void {
  if (tree.kind !== "list") throw wrongKind(tree, shape, path);
  for (const [index, item] of tree.items.entries()) check(item, shape.of, [...path, index]);
}

function checkMap(tree: Tree, shape: Shape & { kind: "map" }, path: Path): void {
  if (tree.kind !== "dict") throw wrongKind(tree, shape, path);
  for (const [key, value] of tree.entries) {
    if (shape.names && !shape.names.test(key)) throw unknownKey(key, value, path);
    check(value, shape.of, [...path, key]);
  }
}

function checkObject(tree: Tree, shape: Shape & { kind: "object" }, path: Path): void {
  if (tree.kind !== "dict") throw wrongKind(tree, shape, path);
  const keys = shape.keys();
  for (const [key, value] of tree.entries) {
    if (key.startsWith("x-")) continue;
    const expected = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (expected === undefined) throw unknownKey(key, value, path);
    check(value, expected, [...path, key]);
  }
  if (shape.required !== undefined && !tree.entries.has(shape.required)) {
    throw mistake(tree.keyAt ?? tree.at, path, `missing properties: '${shape.required}'`);
  }
}

function checkEither(tree: Tree, shapes: readonly Shape[], path: Path): void {
  const fitting = shapes.filter((shape) => sameKind(tree, shape));
  if (fitting.length === 0) throw wrongKind(tree, { kind: "either", shapes }, path);
  let first: unknown;
  for (const shape of fitting) {
    try {
      check(tree, shape, path);
      return;
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

function sameKind(tree: Tree, shape: Shape): boolean {
  switch (shape.kind) {
    case "any":
      return true;
    case "either":
      return shape.shapes.some((inner) => sameKind(tree, inner));
    case "list":
      return tree.kind === "list";
    case "map":
    case "object":
      return tree.kind === "dict";
    case "word":
      return tree.kind === "leaf" && typeof tree.value === "string";
    default:
      return fitsLeaf(tree, shape);
  }
}

function fitsLeaf(tree: Tree, shape: Shape): boolean {
  if (tree.kind !== "leaf") return false;
  const value = tree.value;
  switch (shape.kind) {
    case "null":
      return value === null;
    case "text":
      return typeof value === "string";
    case "number":
      return typeof value === "number" || (typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value));
    case "boolean":
      return typeof value === "boolean" || (typeof value === "string" && isBooleanText(value));
    case "word":
      return typeof value === "string" && shape.words.includes(value);
    default:
      return value !== null;
  }
}

/** What Compose reads as true or false when a variable gave it. */
function isBooleanText(value: string): boolean {
  return isTrueText(value) || /^(false|no|off|n|0|f)$/i.test(value);
}

function isTrueText(value: string): boolean {
  return /^(true|yes|on|y|1|t)$/i.test(value);
}

function unknownKey(key: string, value: Tree, path: Path): Error {
  return mistake(value.keyAt ?? value.at, path, `additional properties '${key}' not allowed`);
}

function wrongKind(tree: Tree, shape: Shape, path: Path): Error {
  return mistake(
    tree.kind === "leaf" && tree.value === null ? (tree.keyAt ?? tree.at) : tree.at,
    path,
    `must be ${describe(shape)}`,
  );
}

function describe(shape: Shape): string {
  switch (shape.kind) {
    case "text":
    case "scalar":
      return "a string";
    case "number":
      return "a number";
    case "boolean":
      return "a boolean";
    case "list":
      return "a list";
    case "map":
    case "object":
      return "a mapping";
    case "word":
      return `one of ${shape.words.map((one) => `'${one}'`).join(", ")}`;
    case "either":
      return [...new Set(shape.shapes.filter((one) => one.kind !== "null").map(describe))].join(" or ");
    case "null":
    case "any":
      return "empty";
  }
}
