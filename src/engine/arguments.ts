import { EngineError } from "../base/index.ts";

/** `--name value`, `--name=value` and `--flag` as a map; throws `invalid` for anything else. */
export function parseWords(
  argv: readonly string[],
  withValue: readonly string[],
  bare: readonly string[],
): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? "";
    const [, name = "", inline] = /^--([a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (bare.includes(name) && inline === undefined) found.set(name, []);
    else if (withValue.includes(name)) {
      const value = inline ?? argv[++at];
      if (value === undefined || value === "") throw invalidArgument(`flag needs an argument: --${name}`);
      found.set(name, [...(found.get(name) ?? []), value]);
    } else throw invalidArgument(`unknown argument: ${word}`);
  }
  return found;
}

/** An absolute path without trailing slash; throws `invalid`. */
export function absolutePath(flag: string, path: string): string {
  if (path.startsWith("/")) return path.length > 1 ? path.replace(/\/+$/, "") : path;
  throw invalidArgument(`--${flag} must be an absolute path: ${path}`);
}

/** A command line that cannot be understood. */
export function invalidArgument(message: string): EngineError {
  return new EngineError("invalid", message, { subject: "arguments" });
}
