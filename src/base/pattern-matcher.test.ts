import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isKind } from "./errors.ts";
import { cleanPath, createIgnoreMatcher, createPathMatcher, readIgnoreFile } from "./pattern-matcher.ts";

const fixtures = join(import.meta.dir, "../../test/conformance/ignore-matches.golden.json");

interface Fixtures {
  matches: { patterns: string[]; path: string; match: boolean }[];
  filepathMatch: { pattern: string; path: string; match: boolean; error: string | null }[];
}

describe("ignore patterns", () => {
  test("match as the reference implementation's own cases say", () => {
    const data: Fixtures = JSON.parse(readFileSync(fixtures, "utf8"));
    const cases = [
      ...data.matches.map((item) => ({ ...item, want: item.match })),
      ...data.filepathMatch.map(({ pattern, path, match, error }) => ({
        patterns: [pattern],
        path,
        want: error === null ? match : "invalid",
      })),
    ];
    const wrong = cases.filter(
      ({ patterns, path, want }) => attempt(() => createIgnoreMatcher(patterns).excluded(path)) !== want,
    );
    expect(wrong).toEqual([]);
    expect(cases.length).toBeGreaterThan(100);
  });

  test("cover everything below a matched directory, and the last match wins", () => {
    const matcher = createIgnoreMatcher([
      "node_modules",
      "**/*.log",
      "!keep.log",
      "docs/*",
      "!docs/README.md",
    ]);
    expect(matcher.excluded("node_modules/a/b.js")).toBe(true);
    expect(matcher.excluded("src/node_modules/x")).toBe(false);
    expect(matcher.excluded("deep/er/x.log")).toBe(true);
    expect(matcher.excluded("keep.log")).toBe(false);
    expect(matcher.excluded("docs/a.md")).toBe(true);
    expect(matcher.excluded("docs/README.md")).toBe(false);
  });

  test("say into which excluded directories a walker must still go", () => {
    const matcher = createIgnoreMatcher(["*", "!src/app/*.ts", "!a*/b"]);
    expect(matcher.mayReinclude("src")).toBe(true);
    expect(matcher.mayReinclude("src/app")).toBe(true);
    expect(matcher.mayReinclude("src/app/x.ts")).toBe(false);
    expect(matcher.mayReinclude("lib")).toBe(false);
    expect(matcher.mayReinclude("abc")).toBe(true);
    expect(createIgnoreMatcher(["*", "!**/x"]).mayReinclude("any/where")).toBe(true);
    expect(createIgnoreMatcher(["*"]).mayReinclude("src")).toBe(false);
  });

  test("refuse an exception without a pattern", () => {
    expect(attempt(() => createIgnoreMatcher(["!"]))).toBe("invalid");
  });
});

test("an ignore file loses comments, blanks, byte order mark and leading slashes", () => {
  expect(readIgnoreFile("\uFEFF# c\n\n  /a/../b/ \r\n!  /x\n./y//z\n#!no\n / \n")).toEqual([
    "b",
    "!x",
    "y/z",
    "/",
  ]);
});

test("path patterns match whole paths and never cross a slash", () => {
  expect(createPathMatcher("src/*.ts")("src/a.ts")).toBe(true);
  expect(createPathMatcher("src/*.ts")("src/a/b.ts")).toBe(false);
  expect(createPathMatcher("**/x")("a/x")).toBe(true);
  expect(createPathMatcher("**/x")("a/b/x")).toBe(false);
  expect(createPathMatcher("a\\*")("a*")).toBe(true);
  expect(createPathMatcher("[z-a]")("b")).toBe(false);
  expect(attempt(() => createPathMatcher("["))).toBe("invalid");
});

test("paths are cleaned as Go does", () => {
  expect(["", "a/..", "../a/../..", "/../x/", "a//b/./c/"].map(cleanPath)).toEqual([
    ".",
    ".",
    "../..",
    "/x",
    "a/b/c",
  ]);
});

function attempt<T>(work: () => T): T | string {
  try {
    return work();
  } catch (error) {
    if (isKind(error, "invalid")) return "invalid";
    throw error;
  }
}
