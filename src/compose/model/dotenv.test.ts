import { expect, test } from "bun:test";
import { parseEnvironmentFile } from "./dotenv.ts";

const read = (text: string, outer: Record<string, string> = {}) =>
  Object.fromEntries(parseEnvironmentFile(text, { file: ".env", lookup: (name) => outer[name] }));

test("environment files read plain, quoted and exported values", () => {
  expect(read(`A=1\n# no\nexport B = two words # note\nC='$A "x"'\nD="$A\\tb\\$c"\nE=\nF: g\n`)).toEqual({
    A: "1",
    B: "two words",
    C: '$A "x"',
    D: "1\tb$c",
    E: "",
    F: "g",
  });
});

test("environment files read values over several lines in quotes", () => {
  expect(read('KEY="one\ntwo"\nNEXT=x')).toEqual({ KEY: "one\ntwo", NEXT: "x" });
});

test("environment files take lone names from outside, and outer values win in variables", () => {
  expect(read("A\nB\nC=1\nD=$C", { A: "a", C: "2" })).toEqual({ A: "a", C: "1", D: "2" });
});

test("environment files name the line that cannot be read", () => {
  expect(() => read("A=1\nno way")).toThrow('failed to read .env: line 2: unexpected line "no way"');
  expect(() => read('A="x')).toThrow("failed to read .env: line 1: unterminated quoted value");
});
