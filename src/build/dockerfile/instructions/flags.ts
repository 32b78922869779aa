import { parseError } from "../error.ts";
import type { Node } from "../parser/index.ts";
import { didYouMean } from "./suggest.ts";

/** How often a flag may stand and whether it takes a value. `refused` names one that Docker knows and Gantry does not. */
export type FlagKind = "text" | "boolean" | "list" | "refused";

export interface Flags {
  text(name: string): string | undefined;
  list(name: string): readonly string[];
  /** False when the flag is absent. */
  boolean(name: string): boolean;
}

/** Reads the flags of an instruction; throws `DockerfileError` for unknown, doubled or incomplete ones. */
export function readFlags(node: Node, known: Readonly<Record<string, FlagKind>>): Flags {
  const values = new Map<string, string[]>();
  for (const flag of node.flags) {
    const { name, value } = checked(node, flag, known);
    const before = values.get(name) ?? [];
    if (before.length > 0 && known[name] !== "list") {
      throw parseError(`Duplicate flag specified: ${name}`, node.place(`--${name}`));
    }
    values.set(name, [...before, value]);
  }
  return {
    text: (name) => values.get(name)?.[0],
    list: (name) => values.get(name) ?? [],
    boolean: (name) => values.get(name)?.[0] === "true",
  };
}

function checked(
  node: Node,
  flag: string,
  known: Readonly<Record<string, FlagKind>>,
): { name: string; value: string } {
  const [, name = "", value] = /^--([^=]*)(?:=(.*))?$/s.exec(flag) ?? [];
  const place = node.place(`--${name}`);
  const kind = Object.hasOwn(known, name) ? known[name] : undefined;
  if (kind === undefined) {
    const flags = Object.keys(known).map((candidate) => `--${candidate}`);
    throw parseError(`unknown flag: --${name}${didYouMean(`--${name}`, flags)}`, place);
  }
  if (kind === "refused") {
    throw parseError(`--${name} is not supported yet`, place, `Build without the flag --${name}.`);
  }
  if (kind !== "boolean" && value === undefined) {
    throw parseError(`Missing a value on flag: ${name}`, place, `Write --${name}=VALUE.`);
  }
  return { name, value: kind === "boolean" ? booleanValue(node, name, value ?? "true") : (value ?? "") };
}

function booleanValue(node: Node, name: string, value: string): string {
  const lower = value.toLowerCase();
  if (lower === "true" || lower === "false") return lower;
  throw parseError(`Expecting boolean value for flag ${name}, not: ${value}`, node.place(`--${name}`));
}
