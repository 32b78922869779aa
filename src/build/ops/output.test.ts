import { expect, test } from "bun:test";
import { reportOutput } from "./output.ts";

function frame(stream: number, bytes: Uint8Array): Uint8Array {
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
}

async function report(bytes: Uint8Array, size: number): Promise<string> {
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  let text = "";
  await reportOutput(chunks(), (more) => {
    text += more;
  });
  return text;
}

test("output is put together however frames and characters are cut", async () => {
  const text = Buffer.from("grüße ☺");
  const bytes = Buffer.concat([
    frame(1, text.subarray(0, 3)),
    frame(2, Buffer.from("(err)")),
    frame(1, text.subarray(3)),
    frame(1, Buffer.alloc(0)),
  ]);
  for (const size of [1, 2, 7, 8, 9, 1000]) expect(await report(bytes, size)).toBe("gr(err)üße ☺");
  expect(await report(frame(1, text.subarray(0, 3)), 100)).toBe("gr\uFFFD");
});
