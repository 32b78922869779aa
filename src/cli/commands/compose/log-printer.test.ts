import { expect, test } from "bun:test";
import { memoryOutput } from "../../output.ts";
import { createLogPrinter, shortName } from "./log-printer.ts";

test("log lines stand under the padded name of their container", async () => {
  const out = memoryOutput();
  const printer = createLogPrinter(out, { coloured: false, prefixed: true });
  printer.widen("web-1");
  printer.widen("database-1");
  await printer.line("web-1", "hello");
  expect(out.text()).toBe("web-1       | hello\n");
});

test("each name has its own colour", async () => {
  const out = memoryOutput();
  const printer = createLogPrinter(out, { coloured: true, prefixed: true });
  await printer.line("a", "1");
  await printer.line("b", "2");
  await printer.line("a", "3");
  expect(out.text()).toBe("\x1b[36ma | \x1b[0m1\n\x1b[33mb | \x1b[0m2\n\x1b[36ma | \x1b[0m3\n");
});

test("names go without the project", () => {
  expect([shortName("p", "p-web-1"), shortName("p", "special")]).toEqual(["web-1", "special"]);
});
