import { describe, expect, test } from "bun:test";
import { link, mkdir, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TreeEntry } from "../layer/index.ts";
import { createLayerTools } from "../layer/index.ts";
import { makeNode, removeTree, setAttribute } from "../sys/index.ts";
import { compareStacks } from "./difference.ts";
import { changeOf } from "./history.ts";
import { mergeTrees } from "./merge.ts";
import { reportStack, walkStack } from "./report.ts";

const base: Omit<TreeEntry, "path" | "kind"> = {
  opaque: false,
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  modified: "1.0",
  inode: "1",
  links: 1,
  target: "",
};
const dir = (path: string, more: Partial<TreeEntry> = {}): TreeEntry => ({
  ...base,
  path,
  kind: "directory",
  mode: 0o755,
  size: 4096,
  ...more,
});
const file = (path: string, size: number, more: Partial<TreeEntry> = {}): TreeEntry => ({
  ...base,
  path,
  kind: "file",
  size,
  ...more,
});
const gone = (path: string): TreeEntry => ({ ...base, path, kind: "deletion" });

/** One entry a batch, so that every border between batches is met. */
async function* tree(...entries: TreeEntry[]): AsyncGenerator<readonly TreeEntry[]> {
  for (const entry of entries) yield [entry];
}

async function stepsOf(...layers: TreeEntry[][]): Promise<string[]> {
  const lines: string[] = [];
  await walkStack(
    layers.map((layer) => tree(...layer)),
    ({ path }, steps) => {
      for (const step of steps) {
        const change = changeOf(step);
        if (change) lines.push(`${step.layer} ${change.change}${change.metadata ? "*" : ""} ${path}`);
      }
    },
  );
  return lines;
}

test("trees are read side by side, a directory's content right behind it", async () => {
  const paths: string[] = [];
  await mergeTrees(
    [tree(dir("a"), file("a/z", 1), dir("a.b"), file("b", 1)), tree(dir("a"), file("a-c", 1), file("c", 1))],
    ({ path, entries }) => paths.push(`${path} ${entries.map((entry) => (entry ? "x" : "-")).join("")}`),
  );
  expect(paths).toEqual(["a xx", "a/z x-", "a-c -x", "a.b x-", "b x-", "c -x"]);
});

describe("a stack of layers", () => {
  test("adds, changes, deletes; a directory that is only passed through is no change", async () => {
    expect(
      await stepsOf(
        [dir("etc"), file("etc/a", 1), file("etc/b", 2)],
        [
          dir("etc", { modified: "9.0" }),
          file("etc/a", 5, { modified: "2.0" }),
          gone("etc/b"),
          file("etc/c", 1),
        ],
        [dir("etc", { mode: 0o700 }), file("etc/a", 5, { modified: "2.0", uid: 7 })],
      ),
    ).toEqual([
      "0 added etc",
      "2 changed* etc",
      "0 added etc/a",
      "1 changed etc/a",
      "2 changed* etc/a",
      "0 added etc/b",
      "1 deleted etc/b",
      "1 added etc/c",
    ]);
  });

  test("loses what lies below a deleted, replaced or opaque directory, and only there", async () => {
    expect(
      await stepsOf(
        [
          dir("d"),
          file("d/x", 1),
          file("d-other", 1),
          dir("o"),
          file("o/x", 1),
          file("o/y", 1),
          dir("r"),
          file("r/x", 1),
        ],
        [gone("d"), dir("o", { opaque: true }), file("o/y", 2), file("r", 3)],
        [dir("d"), file("d/x", 4)],
      ),
    ).toEqual([
      "0 added d",
      "1 deleted d",
      "2 added d",
      "0 added d/x",
      "1 deleted d/x",
      "2 added d/x",
      "0 added d-other",
      "0 added o",
      "1 changed o",
      "0 added o/x",
      "1 deleted o/x",
      "0 added o/y",
      "1 changed o/y",
      "0 added r",
      "1 changed r",
      "0 added r/x",
      "1 deleted r/x",
    ]);
  });

  test("wastes what is hidden, each copy once, a file of several names with its last one", async () => {
    const linked = (path: string) => file(path, 100, { links: 2, inode: "5" });
    const { layers, wasters } = await reportStack(
      [
        tree(dir("d"), linked("d/one"), linked("d/two"), file("log", 10), file("same", 1)),
        tree(gone("d/one"), file("log", 20, { modified: "2.0" })),
        tree(gone("log")),
      ].map((layer) => layer),
    );
    expect(layers.map(({ wastedBytes, wastedFiles }) => [wastedFiles, wastedBytes])).toEqual([
      [1, 10],
      [1, 20],
      [0, 0],
    ]);
    expect(layers[1]).toMatchObject({ added: 0, changed: 1, deleted: 1 });
    expect(wasters).toEqual([{ path: "log", bytes: 30, copies: 2 }]);
    const both = await reportStack([tree(dir("d"), linked("d/one"), linked("d/two")), tree(gone("d"))]);
    expect(both.layers[0]?.wastedBytes).toBe(100);
  });
});

test("two stacks differ by what can be seen in them, not by times", async () => {
  const shared = [tree(dir("d"), file("d/a", 1), file("d/b", 1), file("keep", 1))];
  const older = [tree(gone("d/b"), file("later", 1), file("touched", 3))];
  const newer = [
    tree(
      dir("d", { mode: 0o700 }),
      file("d/a", 2),
      file("later", 1, { uid: 1 }),
      file("touched", 3, { modified: "7.0" }),
    ),
  ];
  const found = await compareStacks({ shared, older, newer }, () => true);
  expect(found.map(({ path, change, unsure }) => `${change} ${path}${unsure ? " ?" : ""}`)).toEqual([
    "changed d",
    "changed d/a",
    "added d/b",
    "changed later",
    "changed touched ?",
  ]);
});

test("the list of a real layer has every kind, deletions and opaque directories, names of any bytes", async () => {
  const root = await mkdtemp(join(tmpdir(), "gantry-layer-view-"));
  try {
    const tools = createLayerTools({ helper: join(import.meta.dir, "../../build/gantry-layer") });
    await mkdir(join(root, "opaque"));
    setAttribute(join(root, "opaque"), "trusted.overlay.opaque", Buffer.from("y"));
    await writeFile(join(root, "opaque/file"), "12345", { mode: 0o640 });
    await link(join(root, "opaque/file"), join(root, "second"));
    await symlink("opaque/file", join(root, "link"));
    makeNode(join(root, "whiteout"), { mode: 0o020000 });
    await writeFile(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0x0a])]), "");
    const entries = (await Array.fromAsync(tools.inventory(root))).flat();
    expect(
      entries.map(({ path, kind, opaque, size, links, target }) => ({
        path,
        kind,
        opaque,
        size,
        links,
        target,
      })),
    ).toEqual([
      { path: "link", kind: "link", opaque: false, size: 11, links: 1, target: "opaque/file" },
      { path: "opaque", kind: "directory", opaque: true, size: 4096, links: 2, target: "" },
      { path: "opaque/file", kind: "file", opaque: false, size: 5, links: 2, target: "" },
      { path: "second", kind: "file", opaque: false, size: 5, links: 2, target: "" },
      { path: "whiteout", kind: "deletion", opaque: false, size: 0, links: 1, target: "" },
      { path: "\u00ff\n", kind: "file", opaque: false, size: 0, links: 1, target: "" },
    ]);
    await expect(Array.fromAsync(tools.inventory(join(root, "none")))).rejects.toThrow(
      "cannot open the directory",
    );
  } finally {
    await removeTree(root);
  }
});
