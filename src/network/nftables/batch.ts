import { attribute, join, nest, networkU32, type Request, requestFlags, text } from "../netlink/index.ts";
import { type Expression, type Verdict, verdictData } from "./expressions.ts";

/** Types of keys and data, by the numbers under which nft(8) knows them; several make a concatenation. */
export const dataTypes = {
  integer: [4, 4],
  address: [7, 4],
  protocol: [12, 4],
  port: [13, 4],
  link: [41, 16],
} as const satisfies Record<string, readonly [number: number, length: number]>;
export type DataType = keyof typeof dataTypes;

export interface SetShape {
  readonly key: readonly DataType[];
  /** Of maps: what keys lead to. */
  readonly data?: "verdict" | readonly DataType[];
  /** Keys are the ends of ranges. */
  readonly interval?: boolean;
}

export interface SetElement {
  readonly key: Uint8Array;
  readonly verdict?: Verdict;
  readonly data?: Uint8Array;
  /** Of interval sets: the first key behind a range. */
  readonly endsRange?: boolean;
}

/** Where in the kernel's path of a packet a chain stands. */
export interface Hook {
  readonly type: "filter" | "nat";
  readonly hook: keyof typeof hooks;
  readonly priority: number;
}

const hooks = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;
const subsystem = 10 << 8;
const messages = {
  newTable: 0,
  deleteTable: 2,
  newChain: 3,
  deleteChain: 5,
  newRule: 6,
  deleteRule: 8,
  newSet: 9,
  newElement: 12,
  deleteElement: 14,
} as const;
const setFlags = { anonymous: 1, constant: 2, interval: 4, map: 8 } as const;
/** For nft(8), which cannot know from the type how numbers are stored: key byte order, 4 bytes, the host's. */
const hostByteOrder = new Uint8Array([0, 4, 1, 0, 0, 0]);
const append = 0x800;
const inet = 2;

/** Changes of one table, to be made together or not at all. */
export class Batch {
  readonly table: string;
  readonly #requests: Request[] = [];
  #sets = 0;

  constructor(table: string) {
    this.table = table;
  }

  get requests(): readonly Request[] {
    return this.#requests;
  }

  /** Makes the table; one that is there stays. */
  addTable(): void {
    this.#add("newTable", this.table, requestFlags.create, attribute(1, text(this.table)));
  }

  /** Deletes the table with all that is in it. */
  deleteTable(): void {
    this.#add("deleteTable", this.table, 0, attribute(1, text(this.table)));
  }

  /** Makes a chain; one that is there stays. Without a hook it is reached by verdicts alone. */
  addChain(name: string, hook?: Hook): void {
    const base = hook ? [baseChain(hook), attribute(7, text(hook.type))] : [];
    this.#add("newChain", name, requestFlags.create, this.#inTable(), attribute(3, text(name)), ...base);
  }

  /** Deletes a chain, its rules first. */
  deleteChain(name: string): void {
    this.flushChain(name);
    this.#add("deleteChain", name, 0, this.#inTable(), attribute(3, text(name)));
  }

  flushChain(name: string): void {
    this.#add("deleteRule", name, 0, this.#inTable(), attribute(2, text(name)));
  }

  /** Appends a rule: the expressions of all parts, one after the other. */
  addRule(chain: string, ...parts: readonly (readonly Expression[])[]): void {
    const expressions = nest(4, ...parts.flat());
    const flags = requestFlags.create | append;
    this.#add("newRule", chain, flags, this.#inTable(), attribute(2, text(chain)), expressions);
  }

  addSet(name: string, shape: SetShape): void {
    this.#addSet(name, shape, 0);
  }

  /** Makes a map that belongs to the rule that names it and goes with it. */
  addAnonymousMap(
    shape: SetShape,
    elements: readonly SetElement[],
  ): { readonly name: string; readonly id: number } {
    const name = "__map%d";
    const id = this.#addSet(name, shape, setFlags.anonymous | setFlags.constant);
    this.#elements("newElement", { name, id }, elements);
    return { name, id };
  }

  addElements(set: string, ...elements: readonly SetElement[]): void {
    this.#elements("newElement", { name: set }, elements);
  }

  deleteElements(set: string, ...elements: readonly SetElement[]): void {
    this.#elements("deleteElement", { name: set }, elements);
  }

  #addSet(name: string, shape: SetShape, extra: number): number {
    this.#sets += 1;
    const flags =
      extra | (shape.interval ? setFlags.interval : 0) | (shape.data === undefined ? 0 : setFlags.map);
    const key = typeOf(shape.key);
    this.#add(
      "newSet",
      name,
      requestFlags.create,
      this.#inTable(),
      attribute(2, text(name)),
      number(3, flags),
      number(4, key.type),
      number(5, key.length),
      ...dataAttributes(shape),
      number(10, this.#sets),
      ...(shape.key[0] === "integer" ? [attribute(13, hostByteOrder)] : []),
    );
    return this.#sets;
  }

  #elements(
    message: "newElement" | "deleteElement",
    set: { name: string; id?: number },
    elements: readonly SetElement[],
  ): void {
    const list = nest(3, ...elements.map(elementData));
    const id = set.id === undefined ? [] : [number(4, set.id)];
    const flags = message === "newElement" ? requestFlags.create : 0;
    this.#add(message, set.name, flags, this.#inTable(), attribute(2, text(set.name)), list, ...id);
  }

  #inTable(): Uint8Array {
    return attribute(1, text(this.table));
  }

  #add(
    message: keyof typeof messages,
    subject: string,
    flags: number,
    ...attributes: readonly Uint8Array[]
  ): void {
    this.#requests.push({
      call: `change the firewall (${message})`,
      subject: `${this.table} ${subject}`,
      type: subsystem | messages[message],
      flags,
      body: join(new Uint8Array([inet, 0, 0, 0]), ...attributes),
    });
  }
}

/** The ends of a range of keys, as an interval set takes them. */
export function range(first: Uint8Array, behind: Uint8Array): readonly [SetElement, SetElement] {
  return [{ key: first }, { key: behind, endsRange: true }];
}

function elementData(element: SetElement): Uint8Array {
  return nest(
    1,
    nest(1, attribute(1, element.key)),
    ...(element.verdict ? [nest(2, verdictData(element.verdict))] : []),
    ...(element.data ? [nest(2, attribute(1, element.data))] : []),
    ...(element.endsRange ? [number(3, 1)] : []),
  );
}

function dataAttributes({ data }: SetShape): readonly Uint8Array[] {
  const verdictType = 0xffff_ff00;
  if (data === undefined) return [];
  if (data === "verdict") return [number(6, verdictType)];
  const { type, length } = typeOf(data);
  return [number(6, type), number(7, length)];
}

/** Concatenated types share one number, six bits each. */
function typeOf(parts: readonly DataType[]): { type: number; length: number } {
  return parts.reduce(
    ({ type, length }, part) => ({
      type: (type << 6) | dataTypes[part][0],
      length: length + dataTypes[part][1],
    }),
    { type: 0, length: 0 },
  );
}

function baseChain({ hook, priority }: Hook): Uint8Array {
  return nest(4, number(1, hooks[hook]), number(2, priority >>> 0));
}

function number(type: number, amount: number): Uint8Array {
  return attribute(type, networkU32(amount));
}
