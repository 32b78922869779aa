import { describe, expect, test } from "bun:test";
import { readFixture } from "./fixtures.test-data.ts";
import { substitute } from "./template.ts";

interface Case {
  readonly template: string;
  readonly expected?: string;
  readonly error?: string;
}

const fixture = await readFixture<{ env: Record<string, string>; cases: Case[] }>(
  "compose-template.golden.json",
);

describe("templates", () => {
  for (const { template, expected, error } of fixture.cases) {
    test(`${template} ${error === undefined ? `reads ${expected}` : `is refused: ${error}`}`, () => {
      const read = (): string => substitute(template, { lookup: (name) => fixture.env[name] });
      if (error === undefined) expect(read()).toBe(expected ?? "");
      else expect(read).toThrow(error);
    });
  }

  test("tell of variables that are not set", () => {
    const unset: string[] = [];
    substitute("$A $" + "{B} $" + "{C:-x}", { lookup: () => undefined, unset: (name) => unset.push(name) });
    expect(unset).toEqual(["A", "B"]);
  });
});
