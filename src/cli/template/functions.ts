import { sprintf } from "./printf.ts";
import { isRecord, isTrue, show, toJSON, type Value } from "./values.ts";

/** Go's built-in functions and those that Docker adds. Each throws with Go's reason. */
export const functions: Readonly<Record<string, (args: readonly Value[]) => Value>> = {
  json: ([value]) => toJSON(value),
  split: ([text, separator]) => string(text).split(string(separator)),
  join: ([list, separator]) =>
    array(list)
      .map((value) => show(value))
      .join(string(separator)),
  title: ([text]) =>
    string(text).replace(
      /(^|\s)(\p{L})/gu,
      (_, before: string, letter: string) => before + letter.toUpperCase(),
    ),
  lower: ([text]) => string(text).toLowerCase(),
  upper: ([text]) => string(text).toUpperCase(),
  pad: ([text, before, after]) => " ".repeat(number(before)) + string(text) + " ".repeat(number(after)),
  truncate: ([text, length]) => [...string(text)].slice(0, number(length)).join(""),
  table: ([value]) => value,
  print,
  println: (values) => `${values.map((value) => show(value)).join(" ")}\n`,
  printf: ([format, ...values]) => sprintf(string(format), values),
  len: ([value]) => length(value),
  index: ([value, ...keys]) => keys.reduce(element, value),
  slice: ([value, from, to]) => part(value, from, to),
  eq: ([first, ...others]) => others.some((other) => equal(first, other)),
  ne: ([a, b]) => !equal(a, b),
  lt: ([a, b]) => compare(a, b) < 0,
  le: ([a, b]) => compare(a, b) <= 0,
  gt: ([a, b]) => compare(a, b) > 0,
  ge: ([a, b]) => compare(a, b) >= 0,
  not: ([value]) => !isTrue(value),
  html: (values) =>
    values
      .map((value) => show(value))
      .join("")
      .replace(/[&<>"']/g, (sign) => htmlSigns[sign] ?? sign),
  js: (values) => toJSON(values.map((value) => show(value)).join("")).slice(1, -1),
  urlquery: (values) =>
    new URLSearchParams([["", values.map((value) => show(value)).join("")]]).toString().slice(1),
  // Evaluated lazily by the evaluator; named here so that the parser knows them.
  and: ([value]) => value,
  or: ([value]) => value,
};

const htmlSigns: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
};

function string(value: Value): string {
  if (typeof value === "string") return value;
  throw new Error(`wrong type for value; expected string; got ${typeName(value)}`);
}

function number(value: Value): number {
  if (typeof value === "number") return value;
  throw new Error(`wrong type for value; expected int; got ${typeName(value)}`);
}

function array(value: Value): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (value === null || value === undefined) return [];
  throw new Error(`wrong type for value; expected []string; got ${typeName(value)}`);
}

function length(value: Value): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (isRecord(value)) return Object.keys(value).length;
  // A list or map of Go that holds nothing is null in JSON.
  if (value === null) return 0;
  if (value === undefined) throw new Error("len of nil pointer");
  throw new Error(`len of type ${typeName(value)}`);
}

function element(value: Value, key: Value): Value {
  if (Array.isArray(value) || typeof value === "string") {
    if (typeof key !== "number") throw new Error(`cannot index slice/array with type ${typeName(key)}`);
    if (key < 0 || key >= value.length) throw new Error(`error calling index: index out of range: ${key}`);
    return typeof value === "string" ? value.charCodeAt(key) : value[key];
  }
  if (isRecord(value)) return Object.hasOwn(value, String(key)) ? value[String(key)] : "";
  if (value === null || value === undefined) throw new Error("error calling index: index of untyped nil");
  throw new Error(`error calling index: can't index item of type ${typeName(value)}`);
}

function part(value: Value, from: Value, to: Value): Value {
  const whole = typeof value === "string" ? Buffer.from(value) : array(value);
  const start = from === undefined ? 0 : number(from);
  const end = to === undefined ? whole.length : number(to);
  const outside = [start, end].find((at) => at < 0 || at > whole.length);
  if (outside !== undefined) throw new Error(`error calling slice: index out of range: ${outside}`);
  if (start > end) throw new Error(`error calling slice: invalid slice index: ${start} > ${end}`);
  return Buffer.isBuffer(whole) ? whole.subarray(start, end).toString() : whole.slice(start, end);
}

/** Go's Sprint: a space between operands of which neither is a string. */
function print(values: readonly Value[]): string {
  return values
    .map((value, at) => {
      const spaced = at > 0 && typeof value !== "string" && typeof values[at - 1] !== "string";
      return (spaced ? " " : "") + show(value);
    })
    .join("");
}

function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  return (a === null || a === undefined) && (b === null || b === undefined);
}

function compare(a: Value, b: Value): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : Number(a > b);
  throw new Error("incompatible types for comparison");
}

function typeName(value: Value): string {
  if (value === null || value === undefined) return "nil";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float64";
  if (typeof value === "boolean") return "bool";
  if (Array.isArray(value)) return "[]interface {}";
  return isRecord(value) ? "map[string]interface {}" : "string";
}
