import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf, silentLogger } from "../base/index.ts";
import { parseWords } from "./arguments.ts";
import { createCollector } from "./collect.ts";
import { startEngine } from "./engine.ts";
import { EventHub } from "./events.ts";
import { readIdentity } from "./identity.ts";
import { checkPrefix, type EngineOptions } from "./options.ts";
import { registryOptions } from "./registry-options.ts";
import { resetSystem } from "./reset.ts";

const registries = registryOptions({ mirrors: [], insecure: [], certificates: [], env: {}, userAgent: "" });
let directory = "";
let options: EngineOptions;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "gantry-engine-"));
  const prefix = `t${Math.random().toString(36).slice(2, 7)}`;
  options = {
    root: join(directory, "root"),
    runDirectory: join(directory, "run"),
    prefix,
    runtimes: {},
    registries,
  };
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("a root serves one engine at a time, and a reset removes all that it made", async () => {
  const engine = await startEngine(options, silentLogger);
  try {
    const inUse = join(options.root, "tmp/in-use");
    writeFileSync(inUse, "of a build, say");
    expect(startEngine(options, silentLogger)).rejects.toThrow("another engine is using it");
    expect(existsSync(inUse)).toBe(true);
    await startEngine(options, silentLogger).catch(() => {});
    expect(engine.network.get("bridge").driver).toBe("bridge");
    expect(Number(readFileSync(join(options.runDirectory, "engine.pid"), "utf8"))).toBe(process.pid);
  } finally {
    await engine.close();
  }
  const again = await startEngine(options, silentLogger);
  expect(again.identity.id).toBe(engine.identity.id);
  await again.close();
  writeFileSync(join(options.root, "records.db"), "broken");
  await resetSystem({ root: options.root }, silentLogger);
  expect([existsSync(options.root), existsSync(options.runDirectory)]).toEqual([false, false]);
  await resetSystem({ root: options.root }, silentLogger);
});

test("a reset that cannot know what belongs to a root asks for it", async () => {
  const engine = await startEngine(options, silentLogger);
  await engine.close();
  writeFileSync(join(options.root, "engine.json"), "{");
  expect(await readIdentity(options.root)).toBeUndefined();
  const blind = resetSystem({ root: options.root }, silentLogger);
  expect(blind).rejects.toThrow("--run-dir and --network-prefix");
  await blind.catch(() => {});
  await resetSystem(options, silentLogger);
  expect(existsSync(options.root)).toBe(false);
});

test("events are kept for those who come later, each at its own time", () => {
  const hub = new EventHub();
  const seen: string[] = [];
  using _listening = hub.on((event) => seen.push(event.action));
  for (const action of ["a", "b", "c"]) hub.publish({ type: "container", action, id: "x", attributes: {} });
  expect(seen).toEqual(["a", "b", "c"]);
  const [first, second, third] = hub.recent(0n);
  expect(second!.time > first!.time && third!.time > second!.time).toBe(true);
  expect(hub.recent(second!.time).map((event) => event.action)).toEqual(["b", "c"]);
  for (let at = 0; at < 2000; at += 1) hub.publish({ type: "image", action: "n", id: "x", attributes: {} });
  expect(hub.recent(0n)).toHaveLength(1024);
});

test("collections run one after the other, and calls meanwhile share the next", async () => {
  const waiting: (() => void)[] = [];
  const roots: number[] = [];
  const collect = createCollector({
    images: {
      collect: async ({ chainIDs }) => {
        roots.push(chainIDs.size);
        await new Promise<void>((resolve) => waiting.push(resolve));
        return { bytes: 1 };
      },
    },
    store: { list: () => [] },
    holders: [{ roots: () => ({ chainIDs: new Set([digestOf("a")]), digests: new Set() }) }],
  });
  const first = collect();
  const second = collect();
  expect(collect()).toBe(second);
  expect(waiting).toHaveLength(1);
  waiting[0]?.();
  expect(await first).toEqual({ bytes: 1 });
  while (waiting.length < 2) await Bun.sleep(1);
  waiting[1]?.();
  await second;
  expect(roots).toEqual([1, 1]);
});

test("arguments and prefixes that make no sense are refused", () => {
  expect(parseWords(["--root=/a", "--debug", "--root", "/b"], ["root"], ["debug"])).toEqual(
    new Map([
      ["root", ["/a", "/b"]],
      ["debug", []],
    ]),
  );
  for (const argv of [["--nope"], ["x"], ["--root"], ["--debug=1"]]) {
    expect(() => parseWords(argv, ["root"], ["debug"])).toThrow();
  }
  for (const prefix of ["", "Gantry", "toolong1", "1a", "a-b"]) {
    expect(() => checkPrefix(prefix)).toThrow("Invalid network prefix");
  }
});
