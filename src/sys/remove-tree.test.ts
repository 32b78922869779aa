import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Discards, hasCode, removeTree } from "./index.ts";

let top: string;
beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), "gantry-remove-"));
});
afterAll(async () => {
  await rm(top, { recursive: true, force: true });
});

test("a tree goes whatever it holds, and what its links point at stays", async () => {
  const tree = join(top, "mixed");
  await mkdir(join(tree, "a/b"), { recursive: true });
  await mkdir(join(top, "kept"));
  await writeFile(join(top, "kept/file"), "mine");
  await writeFile(join(tree, "a/file"), "x");
  await chmod(join(tree, "a"), 0);
  await symlink(join(top, "kept"), join(tree, "a/link"));
  await symlink("/nowhere", join(tree, "dangling"));
  await removeTree(tree);
  expect(existsSync(tree)).toBe(false);
  expect(await readFile(join(top, "kept/file"), "utf8")).toBe("mine");
});

test("a file and a link go by themselves, and what is absent is gone already", async () => {
  await writeFile(join(top, "file"), "x");
  await symlink(top, join(top, "link"));
  for (const name of ["file", "link", "never"]) await removeTree(join(top, name));
  expect(existsSync(join(top, "file"))).toBe(false);
  expect(existsSync(top)).toBe(true);
});

test("neither the depth nor the width of a tree is a limit", async () => {
  const deep = join(top, "deep");
  // More than a path can name: made from the inside out.
  await mkdir(join(deep, "d/".repeat(900)), { recursive: true });
  for (let round = 0; round < 3; round++) {
    const next = join(top, `next${round}`);
    await mkdir(join(next, "e/".repeat(900)), { recursive: true });
    await mkdir(join(next, "beside"));
    await Bun.$`mv ${deep} ${join(next, "e/".repeat(900), "inner")} && mv ${next} ${deep}`.quiet();
  }
  await removeTree(deep);
  expect(existsSync(deep)).toBe(false);
  const wide = join(top, "wide");
  await mkdir(wide);
  for (let at = 0; at < 3000; at++) await mkdir(join(wide, `w${at}`));
  await removeTree(wide);
  expect(existsSync(wide)).toBe(false);
});

test("what is mounted below stays, and the rest goes", async () => {
  const tree = join(top, "mounted");
  await mkdir(join(tree, "at"), { recursive: true });
  await writeFile(join(tree, "beside"), "x");
  await mkdir(join(tree, "deep/".repeat(100)), { recursive: true });
  await Bun.$`mount -t tmpfs gantry-test ${join(tree, "at")} && touch ${join(tree, "at/file")}`.quiet();
  try {
    const error = await removeTree(tree).catch((caught: unknown) => caught);
    expect(hasCode(error, "EBUSY", "EXDEV")).toBe(true);
    expect(existsSync(join(tree, "at/file"))).toBe(true);
    expect(await readdir(tree)).toEqual(["at"]);
  } finally {
    await Bun.$`umount ${join(tree, "at")}`.quiet();
  }
});

test("more removals than there are threads for all come to their end", async () => {
  const trees = Array.from({ length: 60 }, (_, at) => join(top, `many${at}`));
  for (const tree of trees) await mkdir(join(tree, "a/b/c"), { recursive: true });
  await Promise.all(trees.map((tree) => removeTree(tree)));
  expect(trees.filter((tree) => existsSync(tree))).toEqual([]);
});

test("discards are gone once drained, and what could not be deleted is told", async () => {
  const failed: string[] = [];
  const discards = new Discards((path) => failed.push(path));
  const trees = Array.from({ length: 50 }, (_, at) => join(top, `discard${at}`));
  for (const tree of trees) await mkdir(join(tree, "a"), { recursive: true });
  const stuck = join(top, "discard0/a");
  await Bun.$`mount -t tmpfs gantry-test ${stuck}`.quiet();
  try {
    for (const tree of trees) await discards.take(tree);
    await discards.drain();
    expect(failed).toEqual([join(top, "discard0")]);
    expect(trees.slice(1).filter((tree) => existsSync(tree))).toEqual([]);
  } finally {
    await Bun.$`umount ${stuck}`.quiet();
  }
});

test("a tree in which somebody goes on making things for a while goes too", async () => {
  const tree = join(top, "busy");
  await mkdir(tree);
  const removed = removeTree(tree);
  for (let at = 0; at < 200; at++) {
    try {
      mkdirSync(join(tree, `new${at}`));
    } catch {
      break;
    }
  }
  await removed;
  expect(existsSync(tree)).toBe(false);
});
