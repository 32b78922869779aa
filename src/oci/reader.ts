import { EngineError, messageOf } from "../base/index.ts";

/** A JSON value with the place it stands at, for messages such as `config.rootfs.diff_ids[2] is not a text`. */
export interface Node {
  readonly value: unknown;
  readonly at: string;
}

/** Turns a node into a value, or throws `invalid` naming the place. */
export type Reader<T> = (node: Node) => T;

/** Parses JSON bytes; `at` says what they are, for messages. Throws `invalid`. */
export function readJSON<T>(bytes: Uint8Array | string, at: string, read: Reader<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(
      typeof bytes === "string" ? bytes : new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    );
  } catch (error) {
    throw new EngineError("invalid", `Cannot parse ${at}: ${messageOf(error)}`, {
      subject: at,
      cause: error,
    });
  }
  return read({ value, at });
}

/** Throws `invalid`: the node is not what it must be. */
export function refuse(node: Node, wanted: string): never {
  throw new EngineError("invalid", `Cannot parse ${node.at}: value is not ${wanted}`, { subject: node.at });
}

export function text(node: Node): string {
  return typeof node.value === "string" ? node.value : refuse(node, "a text");
}

export function flag(node: Node): boolean {
  return typeof node.value === "boolean" ? node.value : refuse(node, "true or false");
}

export function whole(node: Node): number {
  const { value } = node;
  return typeof value === "number" && Number.isSafeInteger(value) ? value : refuse(node, "a whole number");
}

export function list<T>(read: Reader<T>): Reader<readonly T[]> {
  return (node) => {
    if (!Array.isArray(node.value)) refuse(node, "a list");
    return node.value.map((value: unknown, index) => read({ value, at: `${node.at}[${index}]` }));
  };
}

export function record<T>(read: Reader<T>): Reader<Readonly<Record<string, T>>> {
  return (node) =>
    Object.fromEntries(
      Object.entries(fields(node)).map(([key, value]) => [key, read({ value, at: `${node.at}.${key}` })]),
    );
}

/** Any JSON object; what stands in it does not matter. */
export function anyObject(node: Node): object {
  return fields(node);
}

/** A field that must be there. */
export function required<T>(node: Node, key: string, read: Reader<T>): T {
  const inner = child(node, key);
  if (inner.value === undefined || inner.value === null) refuse(inner, "there");
  return read(inner);
}

/** `{ key: value }`, or `{}` when the field is absent or null: to be spread into a result. */
export function optional<K extends string, T>(
  node: Node,
  key: K,
  read: Reader<T>,
): { readonly [P in K]?: T } {
  const inner = child(node, key);
  if (inner.value === undefined || inner.value === null) return {};
  return { [key]: read(inner) } as { [P in K]?: T };
}

function child(node: Node, key: string): Node {
  const own = fields(node);
  return { value: Object.hasOwn(own, key) ? own[key] : undefined, at: `${node.at}.${key}` };
}

function fields(node: Node): Readonly<Record<string, unknown>> {
  const { value } = node;
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(node, "an object");
  return value as Record<string, unknown>;
}
