import { expect, test } from "bun:test";
import { createWatchdog } from "./watchdog.ts";

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve()));

test("time is up when nothing happens, counted from the last time that something did", async () => {
  const dog = createWatchdog(undefined, 10_000);
  const begin = performance.now();
  dog.feed(40);
  dog.feed(60);
  await aborted(dog.signal);
  expect(performance.now() - begin).toBeGreaterThanOrEqual(59);
  expect(dog.expired()).toBe(true);
});

test("there is no limit while the reader is at work, and there is one again after", async () => {
  const dog = createWatchdog(undefined, 20);
  dog.hold();
  await Bun.sleep(50);
  expect(dog.signal.aborted).toBe(false);
  dog.feed(20);
  await aborted(dog.signal);
  expect(dog.expired()).toBe(true);
});

test("the caller's signal goes before time, and neither counts after the end", async () => {
  const controller = new AbortController();
  const dog = createWatchdog(controller.signal, 10_000);
  const stopped = createWatchdog(controller.signal, 10);
  stopped.stop();
  stopped.feed(1);
  controller.abort(new Error("enough"));
  expect([dog.signal.aborted, dog.expired(), dog.signal.reason.message]).toEqual([true, false, "enough"]);
  dog.stop();
  await Bun.sleep(20);
  expect([stopped.signal.aborted, stopped.expired()]).toEqual([false, false]);
  expect(createWatchdog(AbortSignal.abort(new Error("before")), 1000).signal.reason.message).toBe("before");
});
