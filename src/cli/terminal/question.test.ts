import { expect, test } from "bun:test";
import { memoryOutput } from "../output.ts";
import { readLine } from "./question.ts";

async function* keys(...typed: string[]): AsyncGenerator<Uint8Array> {
  for (const text of typed) yield Buffer.from(text);
}

test("a line ends with the return key and can be taken back character by character", async () => {
  const shown = memoryOutput();
  expect(await readLine(keys("mü", "\x7fe\b\b\b", "you\rmore"), shown)).toBe("you");
  expect(shown.text()).toBe("mü\b \be\b \b\b \byou");
});

test("nothing of a hidden line is shown", async () => {
  expect(await readLine(keys("secret\n"), undefined)).toBe("secret");
});

test("giving up is no line", async () => {
  expect(readLine(keys("abc\x03"), undefined)).rejects.toMatchObject({ code: 130 });
  expect(readLine(keys("\x04"), undefined)).rejects.toMatchObject({ code: 1 });
  expect(readLine(keys("abc"), undefined)).rejects.toMatchObject({ code: 1 });
});
