import { expect, test } from "bun:test";
import { parseDaemonOptions } from "./daemon-options.ts";

const at = { env: {}, userAgent: "test" };
const parse = (...argv: string[]) => parseDaemonOptions(argv, at);

test("a disk budget is a size, its grace a duration", () => {
  expect(parse()?.disk).toEqual({});
  expect(parse("--disk-budget", "40g", "--disk-budget-grace", "90s")?.disk).toEqual({
    budget: 40 * 1024 ** 3,
    grace: 90_000,
  });
  expect(() => parse("--disk-budget", "much")).toThrow('Bad --disk-budget "much"');
  expect(() => parse("--disk-budget", "-5")).toThrow("--disk-budget");
  expect(() => parse("--disk-budget", "0")).toThrow("it must be more than 0");
  expect(() => parse("--disk-budget", "1g", "--disk-budget-grace", "soon")).toThrow(
    'Bad --disk-budget-grace "soon"',
  );
});
