import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeMountStubs } from "./mount-stubs.ts";

let root: string;
let upper: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gantry-build-stubs-"));
  upper = join(root, "upper");
  mkdirSync(join(upper, "etc"), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

const destinations = ["/proc", "/etc/hosts", "/etc/resolv.conf", "/a/b/c"];
const nothingBefore = { before: async () => undefined };

test("empty mount points go, with the directories that were made for them", async () => {
  mkdirSync(join(upper, "proc"));
  mkdirSync(join(upper, "a/b/c"), { recursive: true });
  writeFileSync(join(upper, "etc/hosts"), "");
  await removeMountStubs(upper, destinations, nothingBefore);
  expect(readdirSync(upper)).toEqual([]);
});

test("what holds something stays, and so does a directory that the step changed", async () => {
  mkdirSync(join(upper, "proc/x"), { recursive: true });
  writeFileSync(join(upper, "etc/hosts"), "mine");
  writeFileSync(join(upper, "etc/resolv.conf"), "");
  await removeMountStubs(upper, destinations, nothingBefore);
  expect(readdirSync(upper).sort()).toEqual(["etc", "proc"]);
  expect(readdirSync(join(upper, "etc"))).toEqual(["hosts"]);
  rmSync(join(upper, "etc/hosts"));
  writeFileSync(join(upper, "etc/resolv.conf"), "");
  await removeMountStubs(upper, destinations, { before: async () => ({ mode: 0o700, uid: 0, gid: 0 }) });
  expect(readdirSync(upper).sort()).toEqual(["etc", "proc"]);
});

test("links in the way are not followed", async () => {
  const outside = join(root, "outside");
  mkdirSync(join(outside, "b/c"), { recursive: true });
  writeFileSync(join(outside, "hosts"), "");
  rmSync(join(upper, "etc"), { recursive: true });
  symlinkSync(outside, join(upper, "etc"));
  symlinkSync(outside, join(upper, "a"));
  symlinkSync(join(outside, "b"), join(upper, "proc"));
  await removeMountStubs(upper, destinations, nothingBefore);
  expect(existsSync(join(outside, "hosts"))).toBe(true);
  expect(existsSync(join(outside, "b/c"))).toBe(true);
  expect(readdirSync(upper).sort()).toEqual(["a", "etc", "proc"]);
});

test("in a copy of the whole tree only what is new goes", async () => {
  const older = join(root, "older");
  mkdirSync(join(older, "proc"), { recursive: true });
  mkdirSync(join(upper, "proc"));
  mkdirSync(join(upper, "a/b/c"), { recursive: true });
  await removeMountStubs(upper, destinations, { ...nothingBefore, older });
  expect(readdirSync(upper).sort()).toEqual(["etc", "proc"]);
});
