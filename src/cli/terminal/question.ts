import { ExitError } from "../exit.ts";
import type { Output } from "../output.ts";
import { rawMode, typedBytes } from "./raw-mode.ts";

const controlC = 3;
const controlD = 4;
const backspaces = [8, 127];
const lineEnds = [10, 13];

/** Asks on a terminal and reads one line; with `hidden` nothing of it is shown. Throws when the user gives up. */
export async function askLine(out: Output, question: string, hidden: boolean): Promise<string> {
  await out.write(question);
  using _raw = await rawMode();
  try {
    return await readLine(typedBytes(), hidden ? undefined : out);
  } finally {
    await out.write("\r\n");
  }
}

/** Reads keys up to the end of the line; `shown` gets what a terminal would show of them. */
export async function readLine(keys: AsyncIterable<Uint8Array>, shown: Output | undefined): Promise<string> {
  const line: number[] = [];
  for await (const byte of bytesOf(keys)) {
    if (lineEnds.includes(byte)) return Buffer.from(line).toString("utf8");
    if (byte === controlC) throw new ExitError(130);
    if (byte === controlD && line.length === 0) break;
    if (backspaces.includes(byte)) await takeBack(line, shown);
    else {
      line.push(byte);
      await shown?.write(Uint8Array.of(byte));
    }
  }
  throw new ExitError(1, "EOF");
}

async function* bytesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<number> {
  for await (const chunk of chunks) yield* chunk;
}

/** All bytes of the last character go. */
async function takeBack(line: number[], shown: Output | undefined): Promise<void> {
  if (line.length === 0) return;
  while (((line.pop() ?? 0) & 0xc0) === 0x80);
  await shown?.write("\b \b");
}
