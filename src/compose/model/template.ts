/** What a template may ask for: the value of a variable, or undefined when it is not set. */
export type Lookup = (name: string) => string | undefined;

export interface Substitution {
  readonly lookup: Lookup;
  /** Told of each variable that is not set and has no default. */
  readonly unset?: (name: string) => void;
}

/** A template that cannot be read, or a required variable without a value. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

const invalid = "Invalid template";

/**
 * Replaces `$NAME`, `${NAME}` and `${NAME:-default}`, `-`, `:?`, `?`, `:+`, `+` in `text`; what stands after the
 * operator is a template itself; `$$` is a dollar sign. Throws `TemplateError`.
 */
export function substitute(text: string, using: Substitution): string {
  let result = "";
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf("$", at);
    if (dollar < 0) return result + text.slice(at);
    result += text.slice(at, dollar);
    const [value, end] = expand(text, dollar + 1, using);
    result += value;
    at = end;
  }
  return result;
}

/** The value of what follows the dollar sign before `start`, and where it ends. */
function expand(text: string, start: number, using: Substitution): [string, number] {
  if (text[start] === "$") return ["$", start + 1];
  if (text[start] === "{") {
    const end = closingBrace(text, start + 1);
    return [braced(text.slice(start + 1, end), using), end + 1];
  }
  const name = nameAt(text, start);
  if (name === undefined) throw new TemplateError(invalid);
  return [plainValue(name, using), start + name.length];
}

function closingBrace(text: string, start: number): number {
  let depth = 1;
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === "{" && text[at - 1] === "$") depth += 1;
    else if (text[at] === "}") depth -= 1;
    if (depth === 0) return at;
  }
  throw new TemplateError(invalid);
}

function braced(body: string, using: Substitution): string {
  const name = nameAt(body, 0);
  if (name === undefined) throw new TemplateError(invalid);
  if (name.length === body.length) return plainValue(name, using);
  const match = /^(:?[-?+])([\s\S]*)$/.exec(body.slice(name.length));
  if (!match) throw new TemplateError(invalid);
  return operate(name, match[1] ?? "", match[2] ?? "", using);
}

function operate(name: string, operator: string, rest: string, using: Substitution): string {
  const value = using.lookup(name);
  const present = operator.startsWith(":") ? value !== undefined && value !== "" : value !== undefined;
  switch (operator.slice(-1)) {
    case "-":
      return present ? (value ?? "") : substitute(rest, using);
    case "+":
      return present ? substitute(rest, using) : "";
    default: {
      if (present) return value ?? "";
      const reason = substitute(rest, using);
      throw new TemplateError(
        `required variable ${name} is missing a value${reason === "" ? "" : `: ${reason}`}`,
      );
    }
  }
}

function plainValue(name: string, using: Substitution): string {
  const value = using.lookup(name);
  if (value === undefined) using.unset?.(name);
  return value ?? "";
}

function nameAt(text: string, start: number): string | undefined {
  return /^[_a-zA-Z][_a-zA-Z0-9]*/.exec(text.slice(start))?.[0];
}
