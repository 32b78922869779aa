import { familiarName, familiarRepository, type Reference } from "./reference.ts";

/**
 * True when the familiar spelling, with or without its tag, matches a shell pattern: `*` and `?` stop at `/`,
 * `[a-z]` and `[^a-z]` are classes, `\` takes the next character literally. A malformed pattern matches nothing.
 */
export function matchReference(pattern: string, reference: Reference): boolean {
  const compiled = compile(pattern);
  if (!compiled) return false;
  return compiled.test(familiarName(reference)) || compiled.test(familiarRepository(reference));
}

function compile(pattern: string): RegExp | undefined {
  const tokens = /\*+|\?|\[(\^?)((?:\\.|[^\]\\])+)\]|\\(.)|([^[\\])/gs;
  let end = 0;
  let body = "";
  for (const token of pattern.matchAll(tokens)) {
    if (token.index !== end) return undefined;
    end = token.index + token[0].length;
    body += translate(token);
  }
  if (end !== pattern.length) return undefined;
  try {
    return new RegExp(`^${body}$`, "s");
  } catch {
    return undefined; // a class such as [z-a]
  }
}

function translate(token: RegExpExecArray): string {
  const [text, negated, members, escaped, literal] = token;
  if (text.startsWith("*")) return "[^/]*";
  if (text === "?") return "[^/]";
  if (members !== undefined) {
    return `[${negated}${members.replace(/\\(.)/gs, (_, c: string) => quote(c)).replace(/[[^]/g, "\\$&")}]`;
  }
  return quote(escaped ?? literal ?? "");
}

function quote(character: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(character) ? `\\${character}` : character;
}
