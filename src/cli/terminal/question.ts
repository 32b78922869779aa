import { ExitError } from "../exit.ts";
import type { Output } from "../output.ts";
import { rawMode, typedBytes } from "./raw-mode.ts";

export interface Question {
  readonly text: string;
  /** Nothing of the answer is shown. */
  readonly hidden: boolean;
}

/** Asks one question after the other on a terminal; throws when the user gives up. Standard input is used up by it. */
export async function askLines(out: Output, questions: readonly Question[]): Promise<string[]> {
  using _raw = await rawMode();
  const keys = keysOf(typedBytes());
  const answers: string[] = [];
  for (const { text, hidden } of questions) {
    await out.write(text);
    try {
      answers.push(await readLine(keys, hidden ? undefined : out));
    } finally {
      await out.write("\r\n");
    }
  }
  return answers;
}

const controlC = 3;
const controlD = 4;
const backspaces = [8, 127];
const lineEnds = [10, 13];

/** Reads keys up to the end of the line; `shown` gets what a terminal would show of them. */
export async function readLine(keys: AsyncIterator<number>, shown: Output | undefined): Promise<string> {
  const line: number[] = [];
  for (;;) {
    const { done, value: byte } = await keys.next();
    if (done || (byte === controlD && line.length === 0)) throw new ExitError(1, "EOF");
    if (lineEnds.includes(byte)) return Buffer.from(line).toString("utf8");
    if (byte === controlC) throw new ExitError(130);
    if (backspaces.includes(byte)) await takeBack(line, shown);
    else {
      line.push(byte);
      await shown?.write(Uint8Array.of(byte));
    }
  }
}

/** Single bytes, however many come at a time. */
export async function* keysOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<number, void> {
  for await (const chunk of chunks) yield* chunk;
}

/** All bytes of the last character go. */
async function takeBack(line: number[], shown: Output | undefined): Promise<void> {
  if (line.length === 0) return;
  while (((line.pop() ?? 0) & 0xc0) === 0x80);
  await shown?.write("\b \b");
}
