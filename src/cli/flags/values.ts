import { parseBytes, parseDuration } from "../../base/index.ts";
import type { FlagSpec } from "./spec.ts";

/** The flags of one call, checked by the parser. Asking for a flag that the command lacks is a programmer's error. */
export class FlagValues {
  readonly #specs: ReadonlyMap<string, FlagSpec>;
  readonly #given = new Map<string, string[]>();

  constructor(specs: readonly FlagSpec[]) {
    this.#specs = new Map(specs.map((spec) => [spec.name, spec]));
  }

  /** Stores what the command line gave. */
  add(spec: FlagSpec, text: string): void {
    const name = spec.alias ?? spec.name;
    const values = this.#given.get(name);
    if (values) values.push(text);
    else this.#given.set(name, [text]);
  }

  /** True when the command line gave this flag. */
  has(name: string): boolean {
    this.#spec(name);
    return this.#given.has(name);
  }

  bool(name: string): boolean {
    const text = this.find(name);
    return text !== undefined && parseBool(text) === true;
  }

  /** The last text given, else the default, else undefined. */
  find(name: string): string | undefined {
    return this.#given.get(name)?.at(-1) ?? this.#spec(name).default;
  }

  /** As `find`; empty when neither given nor defaulted. */
  text(name: string): string {
    return this.find(name) ?? "";
  }

  /** An integer, undefined when neither given nor defaulted. */
  int(name: string): number | undefined {
    const text = this.find(name);
    return text === undefined ? undefined : Number(text);
  }

  bytes(name: string): number | undefined {
    const text = this.find(name);
    if (text === undefined) return undefined;
    return text === "-1" ? -1 : parseBytes(text);
  }

  /** A duration in nanoseconds. */
  duration(name: string): number | undefined {
    const text = this.find(name);
    return text === undefined ? undefined : parseDuration(text);
  }

  /** Every value given, in order. */
  list(name: string): string[] {
    const spec = this.#spec(name);
    const values = this.#given.get(name) ?? [];
    return spec.kind === "strings" ? values.flatMap((value) => value.split(",")) : [...values];
  }

  /** The values of a filter flag by key. */
  filters(name: string): Record<string, string[]> {
    const filters: Record<string, string[]> = {};
    for (const text of this.list(name)) {
      const at = text.indexOf("=");
      const key = text.slice(0, at).trim().toLowerCase();
      filters[key] = [...(filters[key] ?? []), text.slice(at + 1).trim()];
    }
    return filters;
  }

  #spec(name: string): FlagSpec {
    const spec = this.#specs.get(name);
    if (!spec) throw new Error(`the command has no flag --${name}`);
    return spec;
  }
}

/** Go's ParseBool; undefined for other text. */
export function parseBool(text: string): boolean | undefined {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  return ["0", "f", "F", "FALSE", "false", "False"].includes(text) ? false : undefined;
}
