import { expect, test } from "bun:test";
import { memoryOutput } from "../output.ts";
import { keysOf, readLine } from "./question.ts";

const keys = (...typed: string[]) =>
  keysOf(
    (async function* () {
      for (const text of typed) yield Buffer.from(text);
    })(),
  );

test("a line ends with the return key and can be taken back character by character", async () => {
  const shown = memoryOutput();
  const typed = keys("mü", "\x7fe\b\b\b", "you\rmore\n");
  expect(await readLine(typed, shown)).toBe("you");
  expect(shown.text()).toBe("mü\b \be\b \b\b \byou");
  expect(await readLine(typed, undefined)).toBe("more");
});

test("giving up is no line", async () => {
  expect(readLine(keys("abc\x03"), undefined)).rejects.toMatchObject({ code: 130 });
  expect(readLine(keys("\x04"), undefined)).rejects.toMatchObject({ code: 1 });
  expect(readLine(keys("abc"), undefined)).rejects.toMatchObject({ code: 1 });
});
