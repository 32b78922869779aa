import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { archive } from "./archive.ts";
import { startEngine, type TestEngine } from "./harness.ts";
import { checkStore } from "./store-check.ts";

let engine: TestEngine;
const saved = (): string => join(engine.directory, "saved.tar");

beforeAll(async () => {
  engine = await startEngine({ steps: true });
  await prepare();
  await engine.ok(["save", "-o", saved(), "two", "one"]);
  await engine.ok(["rmi", "one", "two"]);
  await importImage("other");
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const importImage = async (name: string): Promise<void> => {
  const stdin = await archive([
    { name: "busybox", bytes: new Uint8Array(readFileSync("/bin/busybox")), mode: 0o755 },
    { name: "name", text: name },
  ]);
  await engine.docker(["import", "-", name], { stdin });
};

/** Two images on the same layer, the upper one with a container's changes. */
const prepare = async (): Promise<void> => {
  await importImage("one");
  await engine.docker(["run", "--name", "changed", "one", "/busybox", "touch", "/new"]);
  await engine.docker(["commit", "changed", "two"]);
  await engine.docker(["rm", "-f", "changed"]);
};

const clear = async (): Promise<void> => {
  await engine.docker(["rm", "-f", "changed"]);
  await engine.docker(["rmi", "-f", "one", "two", "three"]);
  await engine.docker(["image", "prune", "-f"]);
};

interface Scenario {
  readonly what: string;
  /** Done before, undisturbed. */
  readonly given?: () => Promise<void>;
  readonly act: () => Promise<unknown>;
  /** Steps that are killed at: these words begin them. */
  readonly steps: RegExp;
  /** How many of the passings, spread evenly. */
  readonly kills: number;
}

const load = () => engine.docker(["load", "-i", saved()]);
const scenarios: readonly Scenario[] = [
  { what: "load", act: load, steps: /^(content|snapshot|image)/, kills: 8 },
  {
    what: "rmi",
    given: prepare,
    act: () => engine.docker(["rmi", "-f", "two", "one"]),
    steps: /^(content|snapshot|image)/,
    kills: 5,
  },
  {
    what: "prune and collection",
    given: async () => {
      await prepare();
      // The names go to other images: what had them is left dangling.
      await engine.docker(["tag", "other", "one"]);
      await engine.docker(["tag", "other", "two"]);
    },
    act: () => engine.docker(["image", "prune", "-f"]),
    steps: /^(content|snapshot|image)/,
    kills: 6,
  },
  { what: "import", act: () => importImage("three"), steps: /^(content|snapshot|image)/, kills: 6 },
  {
    what: "commit",
    given: async () => {
      await importImage("one");
      await engine.docker(["run", "--name", "changed", "one", "/busybox", "touch", "/new"]);
    },
    act: () => engine.docker(["commit", "changed", "three"]),
    steps: /^(content|snapshot|image|commit)/,
    kills: 6,
  },
];

/** Which passing of which step to kill at: `count` of all that one run passes, spread evenly. */
function choose(passed: readonly string[], { steps, kills }: Scenario): { name: string; nth: number }[] {
  const seen = new Map<string, number>();
  const all = passed
    .filter((name) => steps.test(name))
    .map((name) => {
      const nth = (seen.get(name) ?? 0) + 1;
      seen.set(name, nth);
      return { name, nth };
    });
  const stride = Math.max(1, all.length / kills);
  return Array.from({ length: Math.min(kills, all.length) }, (_, at) => all[Math.floor(at * stride)]).filter(
    (one) => one !== undefined,
  );
}

/** Whole images, each of which runs; after a collection nothing else. */
async function expectSound(when: string): Promise<void> {
  expect([when, checkStore(engine.root).broken]).toEqual([when, []]);
  await engine.ok(["image", "prune", "-f"]);
  const { broken, garbage, names } = checkStore(engine.root);
  expect([when, broken, garbage]).toEqual([when, [], []]);
  const last = names.filter((name) => /\/(one|two|three):/.test(name)).at(-1);
  if (last !== undefined)
    expect([when, await engine.ok(["run", "--rm", last, "/busybox", "echo", "runs"])]).toEqual([
      when,
      "runs",
    ]);
}

describe("an engine killed while images change", () => {
  for (const scenario of scenarios) {
    test(`${scenario.what}: no image is broken and no garbage outlives a collection`, async () => {
      const { given, act } = scenario;
      await clear();
      await given?.();
      engine.steps.take();
      await act();
      const points = choose(engine.steps.take(), scenario);
      expect(points.length).toBe(scenario.kills);
      for (const { name, nth } of points) {
        await clear();
        await given?.();
        engine.steps.killAt(name, nth);
        await act();
        if (engine.steps.spare()) await engine.kill9();
        else await engine.ended();
        await engine.start();
        await expectSound(`${scenario.what}, killed at ${name} ${nth}`);
      }
      // What was broken off can be done again, to the end.
      await clear();
      await given?.();
      await act();
      await expectSound(`${scenario.what}, undisturbed`);
    }, 120_000);
  }
});
