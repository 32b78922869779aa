// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the tests are about such texts
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expandText, expandWords } from "./index.ts";

const folder = join(import.meta.dir, "../../../../test/conformance/dockerfile-shell");

function attempt<T>(work: () => T): T | "error" {
  try {
    return work();
  } catch {
    return "error";
  }
}

describe("variable expansion", () => {
  test("gives what the reference implementation gives for one text", () => {
    // Lines for Windows only (names of variables in any case) do not apply to Linux images and are left out.
    const variables = new Map([
      ["PWD", "/home"],
      ["SHELL", "bash"],
      ["KOREAN", "한국어"],
      ["NULL", ""],
    ]);
    const lines = readFileSync(join(folder, "envVarTest"), "utf8").split("\n");
    const cases = lines
      .filter((line) => /^[AU]\|/.test(line))
      .map((line) => line.split("|").map((field) => field.trim()));
    const wrong = cases.flatMap(([, input = "", wanted = ""]) => {
      const actual = attempt(() => expandText(input, { variables, escape: "\\" }));
      return actual === wanted ? [] : [{ input, wanted, actual }];
    });
    expect(wrong).toEqual([]);
    expect(cases.length).toBeGreaterThan(150);
  });

  test("splits words as the reference implementation does", () => {
    const variables = new Map<string, string>();
    const lines = readFileSync(join(folder, "wordsTest"), "utf8").split("\n");
    const results = lines.flatMap((line) => {
      const assignment = /^ENV ([^=]+)=(.*)$/.exec(line);
      if (assignment) variables.set(assignment[1] ?? "", assignment[2] ?? "");
      if (assignment || line.startsWith("#") || line.trim() === "") return [];
      const [input = "", wanted = ""] = line.split(" | ");
      const words = attempt(() => expandWords(input.trim(), { variables, escape: "\\" }));
      return [{ input, wanted: wanted.trimStart(), actual: words === "error" ? words : words.join(",") }];
    });
    expect(results.filter(({ wanted, actual }) => wanted !== actual)).toEqual([]);
    expect(results.length).toBeGreaterThan(20);
  });

  test("knows the pattern forms", () => {
    const variables = new Map([["f", "a/b/file.tar.gz"]]);
    const expand = (text: string) => expandText(text, { variables, escape: "\\" });
    expect(expand("${f#*/}")).toBe("b/file.tar.gz");
    expect(expand("${f##*/}")).toBe("file.tar.gz");
    expect(expand("${f%.*}")).toBe("a/b/file.tar");
    expect(expand("${f%%.*}")).toBe("a/b/file");
    expect(expand("${f/a\\/b/x}")).toBe("x/file.tar.gz");
    expect(expand("${f//[/x}")).toBe("a/b/file.tar.gz");
    expect(expand("${f//?ar/_}")).toBe("a/b/file._.gz");
    expect(expand("${f#\\*}")).toBe("a/b/file.tar.gz");
    expect(expand("${f#nothing}")).toBe("a/b/file.tar.gz");
    expect(attempt(() => expand("${f/a"))).toBe("error");
    expect(attempt(() => expand("${f:#a}"))).toBe("error");
  });

  test("keeps references to unset variables where asked", () => {
    const options = { variables: new Map([["a", "1"]]), escape: "\\", keepUnset: true };
    expect(expandText("$a $b ${c} ${d:+x} ${e:-y}", options)).toBe("1 $b ${c} ${d:+x} y");
  });

  test("stays quick on patterns made to be slow", () => {
    const variables = new Map([["a", "a".repeat(300)]]);
    expect(expandText(`\${a##${"*a".repeat(40)}b}`, { variables, escape: "\\" })).toBe("a".repeat(300));
  });
});
