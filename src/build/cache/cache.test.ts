import { expect, test } from "bun:test";
import { digestOf } from "../../base/index.ts";
import { openRecords } from "../../records/index.ts";
import { cacheKey, openBuildCache } from "./index.ts";

const chain = (name: string) => digestOf(name);
const made = (name: string) => ({
  chainID: chain(name),
  layer: {
    diffID: digestOf(`diff ${name}`),
    descriptor: { mediaType: "x", digest: digestOf(`blob ${name}`), size: 1 },
  },
});

function open(present: Set<string> = new Set([chain("a"), chain("b")])) {
  const records = openRecords(":memory:");
  const snapshots = {
    has: async (chainID: string) => present.has(chainID),
    usage: async () => ({ bytes: 100, inodes: 1 }),
  };
  return { cache: openBuildCache(records, snapshots), present, records };
}

test("a layer is found by its key on the same parent, while its snapshot is there", async () => {
  const { cache, present } = open();
  await cache.putLayer("k", undefined, made("a"));
  expect(await cache.findLayer("k", undefined)).toEqual({ made: made("a") });
  expect(await cache.findLayer("k", chain("b"))).toBeUndefined();
  expect(await cache.findLayer("other", undefined)).toBeUndefined();
  expect(cache.roots()).toEqual({
    chainIDs: new Set([chain("a")]),
    digests: new Set([digestOf("blob a")]),
  });
  present.delete(chain("a"));
  expect(await cache.findLayer("k", undefined)).toBeUndefined();
  expect(cache.roots().chainIDs.size).toBe(0);
});

test("a step that changed nothing is remembered too", async () => {
  const { cache } = open();
  await cache.putLayer("k", chain("a"), undefined);
  expect(await cache.findLayer("k", chain("a"))).toEqual({ made: undefined });
});

test("the first time of a step stays until it is renewed", () => {
  const { cache } = open();
  expect(cache.stepTime("s", { now: "1", renew: false })).toEqual({ created: "1", known: false });
  expect(cache.stepTime("s", { now: "2", renew: false })).toEqual({ created: "1", known: true });
  expect(cache.stepTime("s", { now: "3", renew: true })).toEqual({ created: "3", known: false });
  expect(cache.stepTime("s", { now: "4", renew: false })).toEqual({ created: "3", known: true });
});

test("forgetting tells each layer once and keeps what is to be kept", async () => {
  const { cache } = open();
  await cache.putLayer("fast", undefined, made("a"));
  await cache.putLayer("slow", undefined, made("a"));
  await cache.putLayer("kept", undefined, made("b"));
  cache.stepTime("s", { now: "1", renew: false });
  const { keys, layers } = cache.forget((chainID) => chainID === chain("b"));
  expect(keys.sort()).toEqual(["fast", "s", "slow"]);
  expect(layers).toEqual([{ chainID: chain("a"), bytes: 100 }]);
  expect(await cache.findLayer("kept", undefined)).toBeDefined();
});

test("what was of use since a moment is kept, whatever it is", async () => {
  const { cache } = open();
  await cache.putLayer("new", undefined, made("a"));
  cache.stepTime("s", { now: "2001-01-01T00:00:00Z", renew: false });
  expect(cache.forget(() => false, Date.parse("2002-01-01T00:00:00Z")).keys).toEqual(["s"]);
  expect(cache.list().map(({ key }) => key)).toEqual(["layer:new"]);
});

test("keys differ when any part does", () => {
  expect(cacheKey("a", ["b"])).not.toBe(cacheKey("a", "b"));
  expect(cacheKey("a", undefined)).not.toBe(cacheKey("a"));
  expect(cacheKey("a")).toMatch(/^[0-9a-f]{64}$/);
});
