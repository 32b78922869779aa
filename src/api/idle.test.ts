import { expect, test } from "bun:test";
import { IdleWork } from "./idle.ts";

test("idle work runs once after the last of several touches, and not after a stop", async () => {
  let runs = 0;
  let ran = Promise.withResolvers<void>();
  const work = (): void => {
    runs += 1;
    ran.resolve();
  };
  const idle = new IdleWork([{ after: 5, work }]);
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

test("each piece of idle work waits for its own while of quiet", async () => {
  const order: string[] = [];
  const all = Promise.withResolvers<void>();
  const last = (): void => {
    order.push("late");
    all.resolve();
  };
  const idle = new IdleWork([
    { after: 30, work: last },
    { after: 5, work: () => void order.push("early") },
  ]);
  idle.touch();
  await all.promise;
  expect(order).toEqual(["early", "late"]);
});
