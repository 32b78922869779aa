/** An expression that gives a value. `at` is where Go places errors about it. */
export type Operand =
  | { readonly kind: "dot"; readonly at: number }
  | { readonly kind: "nil"; readonly at: number }
  | {
      readonly kind: "literal";
      readonly value: string | number | boolean;
      readonly text: string;
      readonly at: number;
    }
  | {
      readonly kind: "variable";
      readonly name: string;
      readonly fields: readonly string[];
      readonly at: number;
    }
  | { readonly kind: "field"; readonly fields: readonly string[]; readonly at: number }
  | { readonly kind: "function"; readonly name: string; readonly at: number }
  | {
      readonly kind: "group";
      readonly pipeline: Pipeline;
      readonly fields: readonly string[];
      readonly at: number;
    };

/** An operand with its arguments: `index .A "b"`. */
export interface Call {
  readonly operand: Operand;
  readonly args: readonly Operand[];
}

/** Calls, each of which gets the value of the one before as its last argument. */
export interface Pipeline {
  readonly calls: readonly Call[];
  /** `$x := …` or `$x = …`; `range` may declare two. */
  readonly variables: readonly string[];
  readonly declares: boolean;
}

/** A part of a template. */
export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "output"; readonly pipeline: Pipeline }
  | {
      readonly kind: "branch";
      readonly word: "if" | "with" | "range";
      readonly pipeline: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | {
      readonly kind: "template";
      readonly name: string;
      readonly pipeline: Pipeline | undefined;
      readonly at: number;
    }
  | { readonly kind: "break" | "continue" };

/** A template, and those that it defines by name. */
export interface Parsed {
  readonly nodes: readonly Node[];
  readonly named: ReadonlyMap<string, readonly Node[]>;
}

/** The source text of an operand, for messages. */
export function sourceOf(operand: Operand): string {
  switch (operand.kind) {
    case "dot":
      return ".";
    case "nil":
      return "nil";
    case "literal":
      return operand.text;
    case "variable":
      return operand.name + operand.fields.map((field) => `.${field}`).join("");
    case "field":
      return operand.fields.map((field) => `.${field}`).join("");
    case "function":
      return operand.name;
    case "group":
      return "(…)";
  }
}
