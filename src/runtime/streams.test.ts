import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { readdirSync, rmSync, statSync } from "node:fs";
import { readLog } from "../logs/index.ts";
import { collect, RuntimeFixture, unframe, waitFor } from "./runtime.fixture.ts";

let fixture: RuntimeFixture;
beforeAll(async () => {
  fixture = await RuntimeFixture.open();
  await fixture.connect();
});
afterAll(async () => await fixture[Symbol.asyncDispose]());

const megabytes = 50;
const flood = `dd if=/dev/zero bs=1024k count=${megabytes} 2>/dev/null | tr '\\0' x`;

async function logOf(directory: string, tty = false): Promise<string> {
  const chunks: Uint8Array[] = [];
  const query = { stdout: true, stderr: true, timestamps: false, tty };
  for await (const chunk of readLog(directory, query)) chunks.push(chunk);
  return tty ? Buffer.concat(chunks).toString() : unframe(Buffer.concat(chunks)).out;
}

describe("standard input", () => {
  test("a client's half-close ends the container's input, and output still comes", async () => {
    const config = fixture.config(["sh", "-c", "cat; echo end"], { openStdin: true, stdinOnce: true });
    const { task, stream } = await fixture.run(config, { stdin: true });
    stream.end("some words\n");
    expect((await collect(stream)).out).toBe("some words\nend\n");
    expect((await task.exited).code).toBe(0);
  });

  test("input given before the start waits for it", async () => {
    const config = fixture.config(["cat"], { openStdin: true, stdinOnce: true });
    const task = await fixture.runtime.create(config);
    const stream = await task.attach({ stdin: true, from: "now" });
    stream.end("early");
    await task.start();
    expect((await collect(stream)).out).toBe("early");
  });

  test("without stdinOnce input stays open for the next client", async () => {
    const config = fixture.config(["head", "-n", "2"], { openStdin: true });
    const { task, stream } = await fixture.run(config, { stdin: true });
    stream.write("one\n");
    stream.end();
    stream.destroy();
    const second = await task.attach({ stdin: true, from: "start" });
    second.write("two\n");
    expect((await collect(second)).out).toBe("one\ntwo\n");
  });

  test("much input goes through a slow reader whole", async () => {
    const config = fixture.config(["sh", "-c", "sleep 0.2; wc -c"], { openStdin: true, stdinOnce: true });
    const { stream } = await fixture.run(config, { stdin: true });
    stream.end(Buffer.alloc(8 << 20, 120));
    expect((await collect(stream)).out.trim()).toBe(String(8 << 20));
  });

  test("without open input the container reads nothing", async () => {
    const { stream } = await fixture.run(fixture.config(["cat"]));
    expect(await collect(stream)).toEqual({ out: "", err: "" });
  });
});

describe("output", () => {
  test("a client that does not read neither stops the container nor loses a byte", async () => {
    const { task, stream } = await fixture.run(fixture.config(["sh", "-c", flood]));
    // The container ends although nobody has read any of it.
    expect((await task.exited).code).toBe(0);
    const { out } = await collect(stream);
    expect(out.length).toBe(megabytes << 20);
    expect(/^x*$/.test(out)).toBe(true);
  });

  test("a client that comes late gets everything from the start, or from a position", async () => {
    const config = fixture.config(["sh", "-c", "echo first; echo second; exec sleep 100"]);
    const { task, stream } = await fixture.run(config);
    await waitFor(stream, /second/);
    const late = await task.attach({ stdin: false, from: "start" });
    expect(unframe(Buffer.from(await waitFor(late, /second\n/), "latin1")).out).toBe("first\nsecond\n");
    const now = await task.attach({ stdin: false, from: "now" });
    const placed = await task.attach({ stdin: false, from: { generation: 1, offset: 0 } });
    expect(unframe(Buffer.from(await waitFor(placed, /second\n/), "latin1")).out).toBe("first\nsecond\n");
    await task.destroy();
    expect((await collect(now)).out).toBe("");
    for (const one of [stream, late, placed]) one.destroy();
  });

  test("rotation keeps the newest files, and clients read on over it", async () => {
    const base = fixture.config([]);
    const config = fixture.config(["sh", "-c", `${flood}; echo the end`], {
      log: { ...base.log, maxBytes: 1 << 20, maxFiles: 3 },
    });
    const { task, stream } = await fixture.run(config);
    await task.exited;
    expect((await collect(stream)).out.endsWith("the end\n")).toBe(true);
    const names = readdirSync(config.log.directory).sort();
    expect(names.length).toBe(6);
    for (const name of names) {
      expect(statSync(`${config.log.directory}/${name}`).size).toBeLessThanOrEqual(1 << 20);
    }
    expect((await logOf(config.log.directory)).endsWith("xxx" + "the end\n")).toBe(true);
  });

  test("the log of the next run follows that of the one before", async () => {
    const first = fixture.config(["echo", "one"]);
    await (await fixture.run(first)).task.exited;
    const second = fixture.config(["echo", "two"], { log: first.log });
    const { task, stream } = await fixture.run(second);
    await task.exited;
    stream.destroy();
    expect(await logOf(first.log.directory)).toBe("one\ntwo\n");
  });

  test("logs hand over to live output without loss or repetition", async () => {
    const script = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done";
    const config = fixture.config(["sh", "-c", script], {
      log: { ...fixture.config([]).log, maxBytes: 100_000, maxFiles: 100 },
    });
    const { task, stream } = await fixture.run(config);
    stream.destroy();
    const query = { stdout: true, stderr: true, timestamps: false, tty: false };
    const chunks: Uint8Array[] = [];
    const follow = readLog(config.log.directory, query, (from) => task.follow(from).catch(() => undefined));
    for await (const chunk of follow) chunks.push(chunk);
    const lines = unframe(Buffer.concat(chunks)).out.trim().split("\n");
    expect(lines.length).toBe(20000);
    expect(lines.every((line, index) => line === `line ${index}`)).toBe(true);
  });

  test("with driver none output goes to clients, and a slow one holds the container back", async () => {
    const log = { ...fixture.config([]).log, driver: "none" as const };
    const config = fixture.config(["sh", "-c", flood], { log });
    const { task, stream } = await fixture.run(config);
    expect((await collect(stream)).out.length).toBe(megabytes << 20);
    expect((await task.exited).code).toBe(0);
    expect(() => statSync(log.directory)).toThrow();
  });

  test("the end is reported although a client without a log does not read", async () => {
    const log = { ...fixture.config([]).log, driver: "none" as const };
    const { task, stream } = await fixture.run(fixture.config(["sh", "-c", flood], { log }));
    await once(stream, "readable");
    await task.signal(9);
    expect((await task.exited).code).toBe(137);
    expect((await collect(stream)).out.length).toBeGreaterThan(0);
  });

  test("a slow client whose log is taken away is let go, and its shim goes too", async () => {
    const log = { ...fixture.config([]).log, maxBytes: 1 << 20, maxFiles: 100 };
    const config = fixture.config(["sh", "-c", flood], { log });
    const { task, stream } = await fixture.run(config);
    await task.exited;
    rmSync(log.directory, { recursive: true });
    expect((await collect(stream)).out.length).toBeLessThan(megabytes << 20);
    while (fixture.shims(config.id).length > 0) await Bun.sleep(1);
    await task.destroy();
  });

  test("a client that never reads goes with the task", async () => {
    const config = fixture.config(["sh", "-c", flood]);
    const { task, stream } = await fixture.run(config);
    await task.exited;
    expect(fixture.shims().length).toBeGreaterThan(0);
    await task.destroy();
    stream.destroy();
    while (fixture.shims(config.id).length > 0) await Bun.sleep(1);
  });
});

test("a stream that has ended costs nothing, even if nobody closes it", async () => {
  const { task, stream } = await fixture.run(fixture.config(["echo", "x"]));
  stream.resume();
  await Promise.all([task.exited, once(stream, "close")]);
  const before = process.cpuUsage();
  await Bun.sleep(100);
  expect(process.cpuUsage(before).user).toBeLessThan(50_000);
});

describe("a terminal", () => {
  test("has the size it was made with, and hears of a new one", async () => {
    const script = "stty size; trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.01; done";
    const config = fixture.config(["sh", "-c", script], {
      tty: true,
      openStdin: true,
      input: { consoleSize: { height: 33, width: 77 } },
    });
    const { task, stream } = await fixture.run(config);
    expect(await waitFor(stream, /ready/)).toContain("33 77\r\n");
    await task.resize({ height: 10, width: 20 });
    stream.resume();
    expect((await collect(stream, true)).out).toContain("10 20\r\n");
  });

  test("takes a size before it exists", async () => {
    const script = 'while [ "$(stty size 2>&1)" != "5 9" ]; do sleep 0.01; done; echo sized';
    const config = fixture.config(["sh", "-c", script], { tty: true });
    const task = await fixture.runtime.create(config);
    await task.resize({ height: 5, width: 9 });
    const stream = await task.attach({ stdin: false, from: "start" });
    await task.start();
    expect((await collect(stream, true)).out).toBe("sized\r\n");
  });

  test("echoes what is typed, and its last output is not lost", async () => {
    const config = fixture.config(["sh", "-c", "read x; echo got $x; seq 1 5000"], {
      tty: true,
      openStdin: true,
    });
    const { stream } = await fixture.run(config, { stdin: true });
    stream.write("hello\n");
    const { out } = await collect(stream, true);
    expect(out.startsWith("hello\r\ngot hello\r\n1\r\n")).toBe(true);
    expect(out.endsWith("4999\r\n5000\r\n")).toBe(true);
    expect((await logOf(config.log.directory, true)).endsWith("5000\r\n")).toBe(true);
  });
});
