import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  familiarName,
  familiarRepository,
  formatReference,
  matchReference,
  parseAnyReference,
  parseReference,
  pinnedReference,
  repositoryOf,
  splitReference,
  withDefaultTag,
} from "./index.ts";

const hex = "f".repeat(64);

type Text = string | { go: string };
/** The cases of the distribution project's own tests. */
interface Cases {
  parse: {
    input?: Text;
    err?: { go: string };
    domain?: string;
    repository?: Text;
    tag?: string;
    digest?: string;
  }[];
  TestMatch: { reference: string; pattern: string; expected: { go: string } }[];
  TestNormalizedSplitHostname: { input: string; domain: string; path: string }[];
  TestParseAnyReference: { Reference: string; Equivalent: string }[];
  TestParseDockerRef: { name: string; input: string; expected: string }[];
  TestParseRepositoryInfo: {
    RemoteName: string;
    FamiliarName: string;
    FullName: string;
    AmbiguousName: string;
    Domain: string;
  }[];
}

const data: Cases = JSON.parse(readFileSync(join(import.meta.dir, "image-reference.fixture.json"), "utf8"));

/** Evaluates the one kind of expression the data holds: `"a" + strings.Repeat("b", 3) + ":c"`. */
function textOf(value: Text): string {
  if (typeof value === "string") return value;
  return value.go
    .split(" + ")
    .map((part) => {
      const repeat = /^strings\.Repeat\("(.*)", (\d+)\)$/.exec(part);
      return repeat ? (repeat[1] ?? "").repeat(Number(repeat[2])) : part.slice(1, -1);
    })
    .join("");
}

function inputOf(item: Cases["parse"][number]): string {
  if (item.input !== undefined) return textOf(item.input);
  const digest = item.digest === undefined ? "" : `@${item.digest}`;
  return `${textOf(item.repository ?? "")}:${item.tag}${digest}`;
}

function partsOf(input: string): object {
  const { domain, path, ...rest } = splitReference(input);
  return domain === undefined ? { path, ...rest } : { domain, path: `${domain}/${path}`, ...rest };
}

function expectedParts(item: Cases["parse"][number]): object {
  const optional = { domain: item.domain, tag: item.tag, digest: item.digest };
  const present = Object.entries(optional).filter(([, value]) => value !== undefined);
  return { path: textOf(item.repository ?? ""), ...Object.fromEntries(present) };
}

const messages: Record<string, RegExp> = {
  ErrNameEmpty: /must have at least one component/,
  ErrReferenceInvalidFormat: /invalid reference format/,
  ErrNameContainsUppercase: /must be lowercase/,
  ErrNameTooLong: /must not be more than 255 characters/,
  "digest.ErrDigestInvalidLength": /invalid checksum digest length/,
  "digest.ErrDigestUnsupported": /unsupported digest algorithm/,
};

describe("reference conformance", () => {
  test("the grammar gives the known outcome for every case", () => {
    for (const item of data.parse) {
      const input = inputOf(item);
      if (item.err) {
        expect(() => splitReference(input)).toThrow(messages[item.err.go] ?? /never/);
        continue;
      }
      expect(partsOf(input)).toEqual(expectedParts(item));
    }
  });

  test("domains are told from paths", () => {
    for (const item of data.TestNormalizedSplitHostname) {
      const { domain, path } = parseReference(item.input);
      expect({ domain, path }).toEqual({ domain: item.domain, path: item.path });
    }
  });

  test("an ID is told from a name", () => {
    for (const item of data.TestParseAnyReference) {
      const any = parseAnyReference(item.Reference);
      const text: string = any.kind === "id" ? any.id : formatReference(any.reference);
      expect(text).toBe(item.Equivalent);
    }
  });

  test("a registry is asked by digest, else by tag, else for the default tag", () => {
    for (const item of data.TestParseDockerRef) {
      expect(formatReference(pinnedReference(parseReference(item.input)))).toBe(item.expected);
    }
    const both = `docker.io/library/busybox:1@sha256:${hex}`;
    expect(formatReference(withDefaultTag(parseReference(both)))).toBe(both);
  });

  test("familiar and full names of a repository agree", () => {
    for (const item of data.TestParseRepositoryInfo) {
      for (const text of [item.FamiliarName, item.FullName, item.AmbiguousName].filter((one) => one !== "")) {
        const reference = parseReference(text);
        expect(familiarRepository(reference)).toBe(item.FamiliarName);
        expect(repositoryOf(reference)).toBe(item.FullName);
        expect(reference).toEqual({ domain: item.Domain, path: item.RemoteName });
      }
    }
  });

  test("patterns match familiar names", () => {
    for (const item of data.TestMatch) {
      expect([item, matchReference(item.pattern, parseReference(item.reference))]).toEqual([
        item,
        item.expected.go === "true",
      ]);
    }
  });
});

describe("references", () => {
  test("familiar names keep tag and digest", () => {
    expect(familiarName("docker.io/library/redis:7")).toBe("redis:7");
    expect(familiarName(parseReference(`me/app:1@sha256:${hex}`))).toBe(`me/app:1@sha256:${hex}`);
    expect(familiarName("localhost:5000/app")).toBe("localhost:5000/app");
  });

  test("errors use Docker's words", () => {
    expect(() => parseReference("Foo")).toThrow(
      "invalid reference format: repository name (library/Foo) must be lowercase",
    );
    expect(() => parseReference("foo:")).toThrow("invalid reference format");
    expect(() => parseReference("")).toThrow("invalid reference format");
    expect(() => parseReference(hex)).toThrow("cannot specify 64-byte hexadecimal strings");
  });

  test("endless input is refused at once", () => {
    const before = performance.now();
    for (const text of [
      "a-".repeat(1e6),
      `${"a".repeat(4000)}-/x`,
      "a.".repeat(2000),
      `x/${"-".repeat(4000)}`,
    ]) {
      expect(() => parseReference(text)).toThrow();
    }
    expect(performance.now() - before).toBeLessThan(1000);
  });

  test("patterns with classes and escapes", () => {
    const reference = parseReference("team/app-1:v2");
    for (const good of ["team/app-?", "team/*:v[0-9]", "team/app\\-1:v2", "[^a-f]eam/*"]) {
      expect([good, matchReference(good, reference)]).toEqual([good, true]);
    }
    for (const bad of ["*", "team/app", "team/[", "team/[z-a]*", "[^t]eam/*", "team/app-1:v2\\"]) {
      expect([bad, matchReference(bad, reference)]).toEqual([bad, false]);
    }
  });
});
