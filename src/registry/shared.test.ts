import { expect, test } from "bun:test";
import { failureOf } from "./client.fixture.ts";
import { RegistryError } from "./error.ts";
import { createShared } from "./shared.ts";

test("one gets it for all, and it is kept as long as it is good", async () => {
  let begun = 0;
  let good = true;
  const shared = createShared<number>(() => good);
  const begin = async (): Promise<number> => ++begun;
  expect(await Promise.all([1, 2, 3].map(() => shared.get(begin, undefined)))).toEqual([1, 1, 1]);
  expect(await shared.get(begin, undefined)).toBe(1);
  good = false;
  expect(await shared.get(begin, undefined)).toBe(2);
  good = true;
  shared.drop((value) => value === 1);
  expect(await shared.get(begin, undefined)).toBe(2);
  shared.drop((value) => value === 2);
  expect(await shared.get(begin, undefined)).toBe(3);
});

test("who joins goes on when the one who began gives up, but shares a registry's failure", async () => {
  const shared = createShared<string>();
  const gate = Promise.withResolvers<string>();
  const first = shared.get(() => gate.promise, undefined);
  const second = shared.get(async () => "second", undefined);
  gate.reject(new Error("given up"));
  expect((await failureOf(first)).message).toBe("given up");
  expect(await second).toBe("second");

  const other = createShared<string>();
  const refused = Promise.withResolvers<string>();
  const both = [1, 2].map(() => failureOf(other.get(() => refused.promise, undefined)));
  refused.reject(new RegistryError("denied", "refused", { subject: "x" }));
  expect((await Promise.all(both)).map(({ message }) => message)).toEqual(["refused", "refused"]);
  expect((await failureOf(other.get(async () => "x", AbortSignal.abort(new Error("gone"))))).message).toBe(
    "gone",
  );
});
