import { trimPrefix, trimSuffix } from "./glob.ts";

/** Why a text cannot be expanded; the caller adds where it stands. */
export class ExpansionError extends Error {
  override readonly name = "ExpansionError";
}

/** What stands after a variable's name in braces, the pattern replacement aside. */
export type Modifier = "+" | "-" | "?" | "#" | "%";

/** Throws `ExpansionError` for anything that is not a modifier, and for `:` before a pattern form. */
export function parseModifier(colon: boolean, text: string | undefined): Modifier {
  if (text === "+" || text === "-" || text === "?") return text;
  if (!colon && (text === "#" || text === "%")) return text;
  throw new ExpansionError(`unsupported modifier (${colon ? ":" : ""}${text ?? ""}) in substitution`);
}

/** `${name}` with a modifier: `:` makes an empty value count as unset. */
interface Substitution {
  readonly name: string;
  readonly value: string | undefined;
  readonly word: string;
  readonly modifier: Modifier;
  readonly nullIsUnset: boolean;
}

/** The text that takes the place of the variable; throws `ExpansionError` for `?` on a missing value. */
export function substitute({ name, value, word, modifier, nullIsUnset }: Substitution): string {
  const missing = value === undefined || (nullIsUnset && value === "");
  switch (modifier) {
    case "-":
      return missing ? word : value;
    case "+":
      return missing ? "" : word;
    case "?":
      if (!missing) return value;
      throw new ExpansionError(`${name}: ${word || reasonFor(value)}`);
    case "#":
    case "%":
      return trimmed(value ?? "", modifier, word);
  }
}

function reasonFor(value: string | undefined): string {
  return value === undefined ? "is not allowed to be unset" : "is not allowed to be empty";
}

function trimmed(value: string, modifier: "#" | "%", word: string): string {
  const greedy = word.startsWith(modifier);
  const pattern = greedy ? word.slice(1) : word;
  return modifier === "#" ? trimPrefix(value, pattern, greedy) : trimSuffix(value, pattern, greedy);
}
