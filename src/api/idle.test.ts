import { expect, test } from "bun:test";
import { IdleWork } from "./idle.ts";

test("idle work runs once after the last of several touches, and not after a stop", async () => {
  let runs = 0;
  let ran = Promise.withResolvers<void>();
  const idle = new IdleWork(() => {
    runs += 1;
    ran.resolve();
  }, 5);
  idle.touch();
  idle.touch();
  await ran.promise;
  expect(runs).toBe(1);
  ran = Promise.withResolvers();
  idle.touch();
  idle.stop();
  setTimeout(() => ran.resolve(), 20);
  await ran.promise;
  expect(runs).toBe(1);
});
