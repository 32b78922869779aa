import { expect, test } from "bun:test";
import { LineCutter } from "./log-lines.ts";

test("lines come out whole however the bytes fall", () => {
  const cutter = new LineCutter();
  const bytes = Buffer.from("één\r\nzwei\ndrei");
  const lines = [...bytes].flatMap((byte) => cutter.push(Uint8Array.of(byte)));
  expect([...lines, ...cutter.flush()]).toEqual(["één", "zwei", "drei"]);
  expect(cutter.flush()).toEqual([]);
});
