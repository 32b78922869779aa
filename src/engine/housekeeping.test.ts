import { afterEach, expect, test } from "bun:test";
import { silentLogger } from "../base/index.ts";
import { type Event, EventHub } from "./events.ts";
import { createHousekeeping, type Housekeeping } from "./housekeeping.ts";

let keeping: Housekeeping | undefined;
afterEach(() => keeping?.close());

const never = 1_000_000;

/** A housekeeping that tells each round. */
function keep(
  times: { first?: number; soon?: number; later?: number; period?: number },
  work: () => Promise<number> = async () => 0,
) {
  const events = new EventHub();
  const noted: string[] = [];
  let rounds = 0;
  let wake = (): void => {};
  const collect = async () => {
    rounds += 1;
    wake();
    return { bytes: await work() };
  };
  const enforced: boolean[] = [];
  keeping = createHousekeeping({
    collect,
    budget: { enforce: async () => enforced.shift() ?? false },
    uses: { note: (image) => void noted.push(image) },
    events,
    log: silentLogger,
    times: { first: never, soon: never, later: never, period: never, ...times },
  });
  const reached = async (count: number): Promise<void> => {
    while (rounds < count) await new Promise<void>((resolve) => (wake = resolve));
  };
  const fact = (type: Event["type"], action: string, attributes: Record<string, string> = {}) =>
    events.publish({ type, action, id: "id", attributes });
  return { collect: keeping.collect, enforced, fact, noted, reached, rounds: () => rounds };
}

test("rounds come after the start, after changes, and regularly", async () => {
  const { reached, fact } = keep({ first: 1, soon: 1, later: 2 });
  await reached(1);
  fact("image", "delete");
  await reached(2);
  fact("container", "destroy");
  await reached(3);
  const regular = keep({ first: 1, period: 1 });
  await regular.reached(4);
});

test("what changes nothing wakes nobody, and many changes are one round", async () => {
  const { reached, fact, rounds } = keep({ soon: 20 });
  fact("image", "push");
  fact("network", "create");
  fact("container", "start");
  for (let i = 0; i < 50; i += 1) fact("image", "untag");
  await reached(1);
  expect(rounds()).toBe(1);
});

test("a round that took long is followed by a rest, one that failed by the next one", async () => {
  let failures = 1;
  const { reached } = keep({ first: 1, period: 1 }, async () => {
    failures -= 1;
    if (failures === 0) throw new Error("no");
    return 0;
  });
  await reached(3);
  const began = performance.now();
  const slow = keep({ first: 1, period: 1 }, async () => {
    await Bun.sleep(4);
    return 0;
  });
  await slow.reached(2);
  expect(performance.now() - began).toBeGreaterThan(150);
});

test("what a disk budget evicts is freed by a second collection", async () => {
  const { collect, enforced, rounds } = keep({}, async () => 5);
  expect(await collect()).toEqual({ bytes: 5 });
  enforced.push(true);
  expect(await collect()).toEqual({ bytes: 10 });
  expect(rounds()).toBe(3);
});

test("images are noted as used by what is done with them", () => {
  const { fact, noted } = keep({});
  fact("container", "create", { image: "redis" });
  fact("container", "start", { image: "redis" });
  fact("image", "pull", { name: "nginx:latest" });
  fact("image", "delete", { name: "old" });
  expect(noted).toEqual(["redis", "nginx:latest"]);
});
