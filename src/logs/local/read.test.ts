import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { LogPosition } from "../../base/index.ts";
import { type LogQuery, readLog } from "../index.ts";

/** Writes a log as the shim does, one chunk at a time. */
class Writer {
  readonly directory = mkdtempSync(join(tmpdir(), "gantry-logs-"));
  readonly #tty: boolean;
  #generation = 0;
  #size = 0;
  #time = 1_000_000_000n;

  constructor(tty = false) {
    this.#tty = tty;
    this.#begin();
  }

  write(text: string, stream = 1): void {
    const payload = Buffer.from(text);
    const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
    header.writeUInt32BE(payload.length, 4);
    const bytes = this.#tty ? payload : Buffer.concat([header, payload]);
    appendFileSync(join(this.directory, "log"), bytes);
    this.#time += 1_000_000_000n;
    appendFileSync(join(this.directory, "log.idx"), record(this.#time, BigInt(this.#size)));
    this.#size += bytes.length;
  }

  rotate(): void {
    for (const end of ["", ".idx"]) {
      renameSync(join(this.directory, `log${end}`), join(this.directory, `log.${this.#generation}${end}`));
    }
    this.#begin();
  }

  #begin(): void {
    this.#generation += 1;
    this.#size = 0;
    writeFileSync(join(this.directory, "log.idx"), record(0x31584449474f4c47n, BigInt(this.#generation)));
    writeFileSync(join(this.directory, "log"), "");
  }
}

function record(first: bigint, second: bigint): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(first, 0);
  bytes.writeBigUInt64LE(second, 8);
  return bytes;
}

const all: LogQuery = { stdout: true, stderr: true, timestamps: false, tty: false };

async function read(writer: Writer, query: Partial<LogQuery> = {}, follow?: Parameters<typeof readLog>[2]) {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readLog(writer.directory, { ...all, ...query }, follow)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Frames as `1:text`, neighbours of one stream joined. */
function show(bytes: Buffer): string[] {
  const parts: { stream: number; text: string }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = bytes.readUInt32BE(at + 4);
    const text = bytes.toString("utf8", at + 8, at + 8 + size);
    const last = parts.at(-1);
    if (last && last.stream === bytes[at]) last.text += text;
    else parts.push({ stream: bytes[at] ?? 0, text });
    at += 8 + size;
  }
  return parts.map(({ stream, text }) => `${stream}:${text}`);
}

let log: Writer;
beforeEach(() => {
  log = new Writer();
});
afterEach(() => rmSync(log.directory, { recursive: true, force: true }));

describe("reading a log", () => {
  test("everything comes as it lies, over rotations", async () => {
    log.write("one\n");
    log.write("two\n", 2);
    log.rotate();
    log.write("three\n");
    expect(show(await read(log))).toEqual(["1:one\n", "2:two\n", "1:three\n"]);
  });

  test("a container that never ran has an empty log", async () => {
    expect((await read({ directory: join(log.directory, "absent") } as Writer)).length).toBe(0);
  });

  test("one stream is left out when it is not wanted", async () => {
    log.write("out\n");
    log.write("err\n", 2);
    expect(show(await read(log, { stdout: false }))).toEqual(["2:err\n"]);
    expect(show(await read(log, { stderr: false }))).toEqual(["1:out\n"]);
  });

  test("timestamps stand before each line, and once before a line that came in pieces", async () => {
    log.write("a\nb");
    log.write("c\n");
    expect(show(await read(log, { timestamps: true }))).toEqual([
      "1:1970-01-01T00:00:02.000000000Z a\n1970-01-01T00:00:02.000000000Z bc\n",
    ]);
  });

  test("since and until are points in time, both included", async () => {
    for (const text of ["a\n", "b\n", "c\n", "d\n"]) log.write(text);
    const query = { since: 3_000_000_000n, until: 4_000_000_000n };
    expect(show(await read(log, query))).toEqual(["1:b\nc\n"]);
    log.rotate();
    log.write("e\n");
    expect(show(await read(log, { since: 5_000_000_000n }))).toEqual(["1:d\ne\n"]);
    expect(show(await read(log, { since: 100_000_000_000n }))).toEqual([]);
  });

  test("tail counts lines of both streams and an unfinished one, over rotations", async () => {
    log.write("a\nb\n");
    log.write("x\n", 2);
    log.rotate();
    log.write("c\nd");
    expect(show(await read(log, { tail: 1 }))).toEqual(["1:d"]);
    expect(show(await read(log, { tail: 2 }))).toEqual(["1:c\nd"]);
    expect(show(await read(log, { tail: 3 }))).toEqual(["2:x\n", "1:c\nd"]);
    expect(show(await read(log, { tail: 4 }))).toEqual(["1:b\n", "2:x\n", "1:c\nd"]);
    expect(show(await read(log, { tail: 9 }))).toEqual(["1:a\nb\n", "2:x\n", "1:c\nd"]);
    expect(show(await read(log, { tail: 0 }))).toEqual([]);
    expect(show(await read(log, { tail: 2, stderr: false }))).toEqual(["1:c\nd"]);
    expect(show(await read(log, { tail: 1, stdout: false }))).toEqual(["2:x\n"]);
  });

  test("a terminal's log is plain bytes, and has no stderr", async () => {
    const terminal = new Writer(true);
    terminal.write("one\r\ntw");
    terminal.write("o\r\n");
    expect((await read(terminal, { tty: true })).toString()).toBe("one\r\ntwo\r\n");
    expect((await read(terminal, { tty: true, tail: 1 })).toString()).toBe("two\r\n");
    const stamped = await read(terminal, { tty: true, timestamps: true });
    expect(stamped.toString()).toBe(
      "1970-01-01T00:00:02.000000000Z one\r\n1970-01-01T00:00:02.000000000Z two\r\n",
    );
    expect((await read(terminal, { tty: true, stdout: false })).length).toBe(0);
    rmSync(terminal.directory, { recursive: true });
  });

  test("tail of any log is the end of what is read without it", async () => {
    const chunk = fc.record({
      text: fc.array(fc.constantFrom("a", "b", "\n"), { minLength: 1, maxLength: 6 }),
      rotate: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { maxLength: 12 }), fc.nat(8), async (chunks, tail) => {
        const writer = new Writer();
        for (const { text, rotate } of chunks) {
          writer.write(text.join(""));
          if (rotate) writer.rotate();
        }
        const text = chunks.map((one) => one.text.join("")).join("");
        const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
        const expected = tail === 0 ? "" : lines.slice(-tail).join("");
        const got = show(await read(writer, { tail })).map((part) => part.slice(2));
        rmSync(writer.directory, { recursive: true });
        expect(got.join("")).toBe(expected);
      }),
      { numRuns: 60 },
    );
  });
});

describe("following a log", () => {
  test("live output takes over where the files ended", async () => {
    log.write("old\n");
    let asked: LogPosition | undefined;
    const live = async function* () {
      const frame = Buffer.from([1, 0, 0, 0, 0, 0, 0, 4, ...Buffer.from("new\n")]);
      yield frame.subarray(0, 3);
      yield frame.subarray(3);
    };
    const bytes = await read(log, {}, async (position) => {
      asked = position;
      return { position, output: live() };
    });
    expect(asked).toEqual({ generation: 1, offset: 12 });
    expect(show(bytes)).toEqual(["1:old\nnew\n"]);
    const frames = async (position: LogPosition) => ({ position, output: live() });
    expect(show(await read(log, { stdout: false }, frames))).toEqual([]);
  });

  test("what is written before the container was found to be gone is not lost", async () => {
    log.write("old\n");
    const bytes = await read(log, {}, async () => {
      log.write("last words\n");
      log.rotate();
      log.write("and more\n");
      return undefined;
    });
    expect(show(bytes)).toEqual(["1:old\nlast words\nand more\n"]);
  });

  test("with timestamps live lines carry the time of the log", async () => {
    log.write("old\n");
    const live = async function* () {
      log.write("new\n");
      yield Buffer.from("anything");
    };
    expect(
      show(await read(log, { timestamps: true }, async (position) => ({ position, output: live() }))),
    ).toEqual(["1:1970-01-01T00:00:02.000000000Z old\n1970-01-01T00:00:03.000000000Z new\n"]);
  });

  test("a time to stop at ends the following", async () => {
    const never = async function* () {
      await new Promise<void>(() => {});
      yield new Uint8Array();
    };
    const until = BigInt(Date.now() + 30) * 1_000_000n;
    log.write("old\n");
    expect(show(await read(log, { until }, async (position) => ({ position, output: never() })))).toEqual([
      "1:old\n",
    ]);
  });
});
