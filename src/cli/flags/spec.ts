/** How a flag's text is read, as pflag's types. `list` repeats; `strings` repeats and splits at commas. */
export type FlagKind =
  | "bool"
  | "string"
  | "int"
  | "uint"
  | "decimal"
  | "bytes"
  | "swap"
  | "duration"
  | "list"
  | "strings"
  | "filter";

/** One flag of a command. */
export interface FlagSpec {
  readonly name: string;
  readonly short?: string;
  readonly kind: FlagKind;
  readonly help: string;
  /** The word for the value in the help, where it is not the kind. */
  readonly type?: string;
  readonly default?: string;
  /** Another spelling of this flag: accepted, stored under that name, not shown. */
  readonly alias?: string;
  /** Throws with the reason when the text is not a value of this flag. */
  readonly check?: (text: string) => void;
}
