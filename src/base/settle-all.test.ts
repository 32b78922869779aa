import { expect, test } from "bun:test";
import { settleAll } from "./index.ts";

test("gives all results in order, and on failure waits for the others before it tells", async () => {
  const [number, text] = await settleAll([Promise.resolve(1), Promise.resolve("a")]);
  expect([number, text]).toEqual([1, "a"]);
  const { promise, resolve } = Promise.withResolvers<void>();
  let told = false;
  const all = settleAll([
    Promise.reject(new Error("first")),
    promise,
    Promise.reject(new Error("second")),
  ]).catch((error: unknown) => {
    told = true;
    return error;
  });
  await Bun.sleep(0);
  expect(told).toBe(false);
  resolve();
  expect(await all).toEqual(new Error("first"));
});
