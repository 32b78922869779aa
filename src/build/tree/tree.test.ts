import { afterEach, describe, expect, test } from "bun:test";
import { chmod, lstat, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EngineError } from "../../base/index.ts";
import type { LayerTools } from "../../layer/index.ts";
import {
  changeMode,
  digestFiles,
  directoryTree,
  packedTree,
  readTar,
  resolveBeneath,
  type SourceTree,
  statTree,
  type TreeFile,
  writeTar,
} from "./index.ts";

const directories: string[] = [];

afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

async function makeTree(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "gantry-build-tree-"));
  directories.push(root);
  await mkdir(join(root, "src/deep"), { recursive: true });
  await writeFile(join(root, "src/a.ts"), "aaa");
  await writeFile(join(root, "src/b.js"), "b");
  await writeFile(join(root, "src/deep/c.ts"), "c".repeat(1000));
  await symlink("../a.ts", join(root, "src/deep/link"));
  await symlink("/src", join(root, "inside"));
  await symlink("/../../../../etc", join(root, "escape"));
  await symlink("loop", join(root, "loop"));
  return root;
}

/** Packs as the layer helper does: under the name that was asked for. */
function fakePack(root: string): Pick<LayerTools, "pack"> {
  return {
    async *pack(_mounts, path, { name: top = "" } = {}) {
      const resolved = await resolveBeneath(
        root,
        path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "",
      );
      const name = path.slice(path.lastIndexOf("/") + 1);
      const inner = [resolved?.path ?? "", name].filter((part) => part !== "").join("/");
      const there = resolved && (await lstat(join(root, inner)).catch(() => undefined));
      if (!there) throw new EngineError("not-found", "no such file", { subject: path });
      yield* writeTar(renamed(directoryTree(root).walk(inner), top));
    },
  };
}

async function* renamed(files: AsyncIterable<TreeFile>, top: string): AsyncGenerator<TreeFile> {
  for await (const file of files) yield { ...file, path: file.path === "" ? top : `${top}/${file.path}` };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function textOf(file: TreeFile): Promise<string> {
  return Buffer.concat(await collect(file.content())).toString();
}

const kinds: [string, (root: string) => SourceTree][] = [
  ["a directory", directoryTree],
  ["a packed tree", (root) => packedTree(fakePack(root), [])],
];

describe.each(kinds)("%s as a source", (_name, open) => {
  test("finds plain paths, through links too, and clamps at its root", async () => {
    const tree = open(await makeTree());
    expect(await tree.find("src/a.ts")).toEqual([{ path: "src/a.ts", name: "a.ts", type: "file" }]);
    expect(await tree.find("../../src/../src/")).toEqual([{ path: "src", name: "src", type: "directory" }]);
    expect((await tree.find("inside/b.js")).map(({ name, type }) => [name, type])).toEqual([
      ["b.js", "file"],
    ]);
    expect((await tree.find("src/deep/link")).map(({ name, type }) => [name, type])).toEqual([
      ["link", "file"],
    ]);
    expect((await tree.find("."))[0]?.type).toBe("directory");
    expect(await tree.find("nothing")).toEqual([]);
    expect(await tree.find("src/a.ts/x")).toEqual([]);
    expect(await tree.find("loop")).toEqual([]);
  });

  test("never follows a link out of the tree", async () => {
    expect(await open(await makeTree()).find("escape/passwd")).toEqual([]);
  });

  test("finds what patterns match, sorted, none across a slash", async () => {
    const tree = open(await makeTree());
    expect((await tree.find("src/*.ts")).map(({ name }) => name)).toEqual(["a.ts"]);
    expect((await tree.find("s*c/*")).map(({ name }) => name)).toEqual(["a.ts", "b.js", "deep"]);
    expect((await tree.find("src/[ab].?s")).map(({ name }) => name)).toEqual(["a.ts", "b.js"]);
    expect(await tree.find("src/*.md")).toEqual([]);
  });

  test("walks directories before their content, names sorted, links as links", async () => {
    const tree = open(await makeTree());
    const files = [];
    for await (const file of tree.walk("src")) {
      files.push([
        file.path,
        file.type,
        file.type === "file" ? (await textOf(file)).length : (file.target ?? ""),
      ]);
    }
    expect(files).toEqual([
      ["", "directory", ""],
      ["a.ts", "file", 3],
      ["b.js", "file", 1],
      ["deep", "directory", ""],
      ["deep/c.ts", "file", 1000],
      ["deep/link", "symlink", "../a.ts"],
    ]);
  });
});

test("a lookup in a tree follows links and says where they lead", async () => {
  const pack = fakePack(await makeTree());
  expect(await statTree(pack, [], "/inside")).toEqual({ type: "directory", path: "src" });
  expect(await statTree(pack, [], "/inside/a.ts")).toEqual({ type: "file", path: "inside/a.ts" });
  expect(await statTree(pack, [], "/none/x")).toBeUndefined();
});

test("a digest changes with names, contents and modes, not with times", async () => {
  const root = await makeTree();
  const digest = () => digestFiles(directoryTree(root).walk("src"), new Map());
  const first = await digest();
  await utimes(join(root, "src/a.ts"), 1, 1);
  expect(await digest()).toBe(first);
  await chmod(join(root, "src/a.ts"), 0o600);
  const second = await digest();
  expect(second).not.toBe(first);
  await writeFile(join(root, "src/a.ts"), "aab");
  expect(await digest()).not.toBe(second);
});

test("contents are hashed once a build", async () => {
  const root = await makeTree();
  const known = new Map<string, Promise<string>>();
  const first = await digestFiles(directoryTree(root).walk("src"), known);
  await writeFile(join(root, "src/a.ts"), "xyz");
  expect(await digestFiles(directoryTree(root).walk("src"), known)).toBe(first);
});

test("what is written as a tar is read back: long names, times, owners, attributes", async () => {
  const file: TreeFile = {
    path: `${"ü".repeat(60)}/${"n".repeat(120)}`,
    type: "file",
    mode: 0o4755,
    uid: 3_000_000,
    gid: 7,
    size: 700,
    modified: 1_700_000_000_123_456_789n,
    records: new Map([["SCHILY.xattr.security.capability", new Uint8Array([1, 0, 255, 10, 61, 32])]]),
    async *content() {
      yield new Uint8Array(700).fill(65);
    },
  };
  const link = {
    ...file,
    path: "l",
    type: "symlink" as const,
    target: "t".repeat(150),
    size: 0,
    modified: -1_500_000_000n,
  };
  async function* files() {
    yield file;
    yield link;
  }
  const read = [];
  for await (const { content: _content, ...entry } of readTar(writeTar(files()))) read.push(entry);
  const { content: _first, ...wantedFile } = file;
  const { content: _second, ...wantedLink } = link;
  expect(read).toEqual([wantedFile, wantedLink]);
});

test("tars are readable by the system's own tools", async () => {
  const root = await makeTree();
  const archive = Buffer.concat(await collect(writeTar(renamed(directoryTree(root).walk("src"), "x"))));
  const path = join(root, "out.tar");
  await writeFile(path, archive);
  const process = Bun.spawn(["tar", "-xf", path, "-C", root], { stderr: "pipe" });
  expect(await process.exited).toBe(0);
  expect(await readFile(join(root, "x/deep/c.ts"), "utf8")).toBe("c".repeat(1000));
});

test("a broken archive is refused", async () => {
  async function* half() {
    yield Buffer.concat(await collect(writeTar(one()))).subarray(0, 700);
  }
  async function* one(): AsyncGenerator<TreeFile> {
    yield {
      path: "a",
      type: "file",
      mode: 0o644,
      uid: 0,
      gid: 0,
      size: 1000,
      modified: 0n,
      async *content() {
        yield new Uint8Array(1000);
      },
    };
  }
  expect(collect(readTar(half()))).rejects.toThrow("ends in the middle");
});

test("modes are octal or symbolic", () => {
  expect(changeMode("0644", 0o777, false)).toBe(0o644);
  expect(changeMode("u=rwX,go=rX", 0o600, false)).toBe(0o644);
  expect(changeMode("u=rwX,go=rX", 0o600, true)).toBe(0o755);
  expect(changeMode("+x", 0o644, false)).toBe(0o755);
  expect(changeMode("go-rwx", 0o777, false)).toBe(0o700);
  expect(changeMode("u+s,+t", 0o755, false)).toBe(0o5755);
});
