import { EngineError } from "./errors.ts";

/** Decides which paths of a build context stay out. Paths are relative to the context root, with `/`. */
export interface IgnoreMatcher {
  /** True when the last pattern that matches the path, or one of its parents, is not an exception (`!`). */
  excluded(path: string): boolean;
  /**
   * True when an exception might bring back something below this excluded directory, so that a walker must still
   * enter it. May say true for a directory in which nothing comes back, never false for one in which something does.
   */
  mayReinclude(directory: string): boolean;
}

interface Pattern {
  readonly exception: boolean;
  readonly segments: readonly string[];
  matches(path: string): boolean;
}

/**
 * A matcher for ignore patterns in the sense of `.dockerignore`: Go's filepath.Match, `**` over any number of
 * directories, `!` for exceptions, the last match wins, a matched directory covers what is below it.
 * Throws `invalid` for a pattern with broken syntax.
 */
export function createIgnoreMatcher(patterns: readonly string[]): IgnoreMatcher {
  const parsed = patterns.map((text) => text.trim()).filter((text) => text !== "");
  const compiled = parsed.map(compile);
  const exceptions = compiled.filter((pattern) => pattern.exception);
  return {
    excluded: (path) => isExcluded(compiled, path),
    mayReinclude: (directory) => {
      const segments = directory === "." || directory === "" ? [] : cleanPath(directory).split("/");
      return exceptions.some((pattern) => mayMatchBelow(pattern.segments, segments));
    },
  };
}

/** The patterns of a `.dockerignore` file: comments and blank lines dropped, paths cleaned, leading `/` removed. */
export function readIgnoreFile(text: string): string[] {
  return text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => (line.startsWith("!") ? `!${cleanPattern(line.slice(1).trim())}` : cleanPattern(line)));
}

/**
 * A test for whole paths in the sense of Go's filepath.Match (`*`, `?`, `[a-z]`, `[^a]`, `\x`; none crosses `/`).
 * Throws `invalid` for a pattern with broken syntax.
 */
export function createPathMatcher(pattern: string): (path: string) => boolean {
  const expression = toRegExp(pattern, false);
  return (path) => expression.test(path);
}

/** Go's filepath.Clean: no empty, `.` or inner `..` segments, no trailing `/`; the empty path is `.`. */
export function cleanPath(path: string): string {
  const rooted = path.startsWith("/");
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") kept.push(segment);
    else if (kept.length > 0 && kept.at(-1) !== "..") kept.pop();
    else if (!rooted) kept.push("..");
  }
  if (rooted) return `/${kept.join("/")}`;
  return kept.length === 0 ? "." : kept.join("/");
}

function cleanPattern(text: string): string {
  if (text === "") return "";
  const cleaned = cleanPath(text);
  return cleaned.length > 1 && cleaned.startsWith("/") ? cleaned.slice(1) : cleaned;
}

function compile(text: string): Pattern {
  const cleaned = cleanPath(text);
  const exception = cleaned.startsWith("!");
  const body = exception ? cleaned.slice(1) : cleaned;
  if (body === "") {
    throw new EngineError("invalid", `illegal exclusion pattern: "${text}"`, { subject: text });
  }
  const expression = toRegExp(body, true);
  return { exception, segments: body.split("/"), matches: (path) => expression.test(path) };
}

function isExcluded(patterns: readonly Pattern[], path: string): boolean {
  const candidates = [path, ...parentsOf(path)];
  let excluded = false;
  for (const pattern of patterns) {
    if (pattern.exception !== excluded) continue;
    if (candidates.some((candidate) => pattern.matches(candidate))) excluded = !pattern.exception;
  }
  return excluded;
}

function parentsOf(path: string): string[] {
  const segments = path.split("/").slice(0, -1);
  return segments.map((_, index) => segments.slice(0, index + 1).join("/")).filter((parent) => parent !== "");
}

function mayMatchBelow(pattern: readonly string[], directory: readonly string[]): boolean {
  for (const [index, name] of directory.entries()) {
    const segment = pattern[index];
    if (segment === undefined) return false;
    if (segment.includes("**")) return true;
    if (!toRegExp(segment, false).test(name)) return false;
  }
  return pattern.length > directory.length;
}

function toRegExp(pattern: string, doubleStar: boolean): RegExp {
  const characters = [...pattern];
  let source = "";
  let at = 0;
  while (at < characters.length) {
    const part = nextPart(characters, at, { pattern, doubleStar });
    source += part.source;
    at = part.end;
  }
  return new RegExp(`^${source}$`, "su");
}

interface Part {
  readonly source: string;
  readonly end: number;
}

function nextPart(
  characters: readonly string[],
  at: number,
  options: { pattern: string; doubleStar: boolean },
): Part {
  const character = characters[at] ?? "";
  switch (character) {
    case "*":
      return star(characters, at, options.doubleStar);
    case "?":
      return { source: "[^/]", end: at + 1 };
    case "[":
      return characterClass(characters, at + 1, options.pattern);
    case "\\": {
      const escaped = characters[at + 1];
      if (escaped === undefined) throw badPattern(options.pattern);
      return { source: literal(escaped), end: at + 2 };
    }
    default:
      return { source: literal(character), end: at + 1 };
  }
}

function star(characters: readonly string[], at: number, doubleStar: boolean): Part {
  if (!doubleStar || characters[at + 1] !== "*") return { source: "[^/]*", end: at + 1 };
  const end = characters[at + 2] === "/" ? at + 3 : at + 2;
  if (end >= characters.length) return { source: ".*", end };
  // `**file` also matches `dir/xfile` at the very start of a pattern, as in patternmatcher's suffix match.
  const plainSuffix = at === 0 && end === at + 2 && !characters.slice(end).some((c) => "*?[\\".includes(c));
  return { source: plainSuffix ? ".*" : "(?:.*/)?", end };
}

function characterClass(characters: readonly string[], start: number, pattern: string): Part {
  const negated = characters[start] === "^";
  let at = negated ? start + 1 : start;
  let ranges = "";
  let count = 0;
  while (!(characters[at] === "]" && count > 0)) {
    const low = classMember(characters, at, pattern);
    at = low.end;
    let high = low;
    if (characters[at] === "-") {
      high = classMember(characters, at + 1, pattern);
      at = high.end;
    }
    count += 1;
    if (codePoint(low.source) <= codePoint(high.source)) {
      ranges += `${literal(low.source)}-${literal(high.source)}`;
    }
  }
  if (ranges === "") return { source: negated ? "." : "(?!)", end: at + 1 };
  return { source: `[${negated ? "^" : ""}${ranges}]`, end: at + 1 };
}

function classMember(characters: readonly string[], at: number, pattern: string): Part {
  const escaped = characters[at] === "\\";
  const member = characters[escaped ? at + 1 : at];
  const end = escaped ? at + 2 : at + 1;
  if (member === undefined || end >= characters.length) throw badPattern(pattern);
  if (!escaped && (member === "-" || member === "]")) throw badPattern(pattern);
  return { source: member, end };
}

function codePoint(character: string): number {
  return character.codePointAt(0) ?? 0;
}

function literal(character: string): string {
  if (character === "-") return "\\x2d";
  return /[\^$\\.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}

function badPattern(pattern: string): EngineError {
  return new EngineError("invalid", `syntax error in pattern: ${pattern}`, { subject: pattern });
}
