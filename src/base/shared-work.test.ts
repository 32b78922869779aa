import { describe, expect, test } from "bun:test";
import { SharedWork } from "./shared-work.ts";

describe("shared work", () => {
  test("is done once for all who want it, and each hears of it", async () => {
    const work = new SharedWork<number>();
    const gate = Promise.withResolvers<void>();
    let started = 0;
    const start = async (_: AbortSignal, tell: (n: number) => void) => {
      started += 1;
      tell(1);
      await gate.promise;
      tell(2);
    };
    const heard: number[][] = [[], [], []];
    const all = heard.map((list) => work.join("k", { hear: (n) => list.push(n) }, start));
    await Promise.resolve();
    const late: number[] = [];
    all.push(work.join("k", { hear: (n) => late.push(n) }, start));
    gate.resolve();
    await Promise.all(all);
    expect(started).toBe(1);
    expect(heard).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    expect(late).toEqual([1, 2]);
    await work.join("k", { hear: () => {} }, start);
    expect(started).toBe(2);
  });

  test("goes on while anyone waits, and ends with the last one who leaves", async () => {
    const work = new SharedWork<number>();
    let ended = "";
    const start = async (signal: AbortSignal) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      ended = String(signal.reason);
      throw signal.reason;
    };
    const [one, two] = [new AbortController(), new AbortController()];
    const first = work.join("k", { signal: one.signal, hear: () => {} }, start);
    const second = work.join("k", { signal: two.signal, hear: () => {} }, start);
    one.abort("one left");
    await expect(first).rejects.toBe("one left");
    expect(ended).toBe("");
    two.abort("two left");
    await expect(second).rejects.toBe("two left");
    expect(ended).toBe("two left");
    await expect(
      work.join("k", { hear: () => {} }, async () => Promise.reject(new Error("own failure"))),
    ).rejects.toThrow("own failure");
  });
});
