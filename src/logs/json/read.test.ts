import { afterEach, beforeEach, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { LogQuery } from "../types.ts";
import { type JsonFollow, readJsonLog } from "./read.ts";

let path: string;
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), "gantry-json-")), "x-json.log");
});
afterEach(() => rmSync(join(path, ".."), { recursive: true }));

const at = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, "0")}.5Z`;

function line(log: string, second: number, stream = "stdout", attrs?: Record<string, string>): string {
  return `${JSON.stringify({ log, stream, ...(attrs ? { attrs } : {}), time: at(second) })}\n`;
}

async function read(query: Partial<LogQuery> = {}, follow?: JsonFollow): Promise<string[]> {
  const all = { stdout: true, stderr: true, timestamps: false, tty: false };
  const frames: string[] = [];
  for await (const bytes of readJsonLog(path, { ...all, ...query }, follow)) {
    const block = Buffer.from(bytes);
    for (let place = 0; place < block.length; ) {
      const size = block.readUInt32BE(place + 4);
      frames.push(`${block[place]}:${block.toString("utf8", place + 8, place + 8 + size)}`);
      place += 8 + size;
    }
  }
  return frames;
}

test("files are read from the oldest to the youngest, compressed or not", async () => {
  writeFileSync(`${path}.2.gz`, gzipSync(line("one\n", 1)));
  writeFileSync(`${path}.1`, line("two\n", 2, "stderr"));
  writeFileSync(path, line("three\n", 3));
  expect(await read()).toEqual(["1:one\n", "2:two\n", "1:three\n"]);
  expect(await read({ tail: 2 })).toEqual(["2:two\n", "1:three\n"]);
  expect(await read({ tail: 2, stderr: false })).toEqual(["1:one\n", "1:three\n"]);
  expect(await read({ tail: 0 })).toEqual([]);
});

test("a long line in parts counts once, and what is no line of ours is passed over", async () => {
  writeFileSync(
    path,
    `${line("a\n", 1)}{"log":"cut\n${line("long ", 2)}${line("line\n", 2)}${line("b\n", 3)}{"half`,
  );
  expect(await read({ tail: 2 })).toEqual(["1:long ", "1:line\n", "1:b\n"]);
});

test("times and marks are those of the lines", async () => {
  writeFileSync(path, line("a\n", 1, "stdout", { k: "v w" }) + line("b\n", 2) + line("c\n", 3));
  const time = (second: number) => BigInt(Date.parse(at(second))) * 1_000_000n;
  expect(await read({ since: time(2), until: time(2) })).toEqual(["1:b\n"]);
  const [first] = await read({ timestamps: true, details: {} });
  expect(first).toBe("1:2026-01-01T00:00:01.500000000Z k=v+w a\n");
});

test("following goes on over rotations, in a file that lost its name too", async () => {
  writeFileSync(path, line("a\n", 1));
  const { promise, resolve } = Promise.withResolvers<void>();
  const following = read({}, promise);
  appendFileSync(path, line("b\n", 1));
  renameSync(path, `${path}.1`);
  appendFileSync(`${path}.1`, line("c\n", 1));
  writeFileSync(path, line("d\n", 1));
  resolve();
  expect(await following).toEqual(["1:a\n", "1:b\n", "1:c\n", "1:d\n"]);
});
