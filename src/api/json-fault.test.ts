import { expect, test } from "bun:test";
import { jsonFault } from "./json-fault.ts";

const cases: readonly (readonly [text: string, fault: string])[] = [
  ["{", "unexpected EOF"],
  ['{"a"', "unexpected EOF"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ["{a: 1}", "invalid character 'a' looking for beginning of object key string"],
  ['{"a": }', "invalid character '}' looking for beginning of value"],
  ['{"a": 1 "b": 2}', "invalid character '\"' after object key:value pair"],
  ["[1 2]", "invalid character '2' after array element"],
  ['"a\nb"', "invalid character '\\n' in string literal"],
  ['"\\x"', "invalid character 'x' in string escape code"],
  ["{} {}", "unexpected content after JSON"],
  ["nope", "invalid character 'n' looking for beginning of value"],
  [`${"[".repeat(20_000)}`, "exceeded max depth"],
];

for (const [text, fault] of cases) {
  test(`says of ${text.slice(0, 20)}: ${fault}`, () => {
    expect(() => JSON.parse(text)).toThrow();
    expect(jsonFault(text)).toBe(fault);
  });
}
