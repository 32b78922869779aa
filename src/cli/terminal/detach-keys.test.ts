import { expect, test } from "bun:test";
import { DetachWatch, parseDetachKeys } from "./index.ts";

const feed = (keys: string, ...chunks: string[]) => {
  const watch = new DetachWatch(parseDetachKeys(keys));
  let passed = "";
  for (const chunk of chunks) {
    const { pass, detached } = watch.push(Buffer.from(chunk));
    passed += Buffer.from(pass).toString();
    if (detached) return { passed, detached };
  }
  return { passed, detached: false };
};

test("keys are read as the bytes that a terminal sends", () => {
  expect(parseDetachKeys("ctrl-p,ctrl-q,a,ctrl-[,ctrl-\\")).toEqual([16, 17, 97, 27, 28]);
  expect(() => parseDetachKeys("ctrl-p,foo")).toThrow(
    "invalid detach keys (ctrl-p,foo): Unknown character: 'foo'",
  );
});

test("the sequence detaches, also over several reads, and is not passed on", () => {
  expect(feed("ctrl-p,ctrl-q", "ab\u0010\u0011c")).toEqual({ passed: "ab", detached: true });
  expect(feed("ctrl-p,ctrl-q", "a\u0010", "\u0011")).toEqual({ passed: "a", detached: true });
});

test("what only begins like the sequence is passed on", () => {
  expect(feed("ctrl-p,ctrl-q", "\u0010", "x")).toEqual({ passed: "\u0010x", detached: false });
  expect(feed("ctrl-p,ctrl-q", "\u0010\u0010\u0011")).toEqual({ passed: "\u0010", detached: true });
});
