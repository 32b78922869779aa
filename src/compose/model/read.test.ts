import { expect, test } from "bun:test";
import { readYaml } from "./read.ts";
import { entry, toPlain } from "./tree.ts";

const read = (text: string) => readYaml(text, "compose.yaml")[0]!;

test("reading keeps line and column of values and keys", () => {
  const web = entry(entry(read("services:\n  web:\n    image: x\n"), "services"), "web")!;
  expect(web.keyAt).toEqual({ file: "compose.yaml", line: 2, column: 3 });
  expect(entry(web, "image")?.at).toEqual({ file: "compose.yaml", line: 3, column: 12 });
});

test("reading follows anchors and merge keys, own keys winning", () => {
  const text = "x-a: &a {k: 1, l: 2}\nx-b: &b {k: 3, m: 4}\nc:\n  <<: [*a, *b]\n  l: 9\n";
  expect(toPlain(entry(read(text), "c")!)).toEqual({ k: 1, l: 9, m: 4 });
});

test("reading refuses broken text with its place", () => {
  expect(() => read("services:\n  web: [1, 2\n")).toThrow(/^compose.yaml:\d+:\d+: /);
  expect(() => read("a: 1\na: 2\n")).toThrow("compose.yaml:2:1: Map keys must be unique");
  expect(() => read("")).toThrow("empty compose file");
  expect(() => read("- a\n")).toThrow("compose.yaml:1:1: top-level object must be a mapping");
  expect(() => read("a: *b\n")).toThrow("compose.yaml:1:4: ");
});

test("reading refuses an anchor that contains itself and aliases that explode", () => {
  expect(() => read("a: &a [*a]\n")).toThrow("anchor contains itself");
  const bomb = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"];
  for (let i = 1; i < 8; i += 1)
    bomb.push(
      `a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(",")}]`,
    );
  expect(() => read(bomb.join("\n"))).toThrow("excessive aliasing");
});

test("reading takes modes with a leading zero as octal", () => {
  expect(toPlain(read("mode: 0440\nother: 10"))).toEqual({ mode: 0o440, other: 10 });
});
