import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packPath } from "./pack-path.ts";
import { type HeaderArgument, pack } from "./test-tar.ts";
import { unpackTo } from "./unpack.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "gantry-unpack-"));
});
afterEach(async () => rm(root, { recursive: true }));

const unpack = (...entries: [HeaderArgument, string?][]) =>
  unpackTo(pack(entries), { target: join(root, "out"), archive: false });

test("unpacks files, directories and links below the target, whatever the top of the tar is called", async () => {
  const bytes = await unpack(
    [{ name: "top/", type: "directory", mode: 0o750 }],
    [{ name: "top/a", mode: 0o640 }, "hello"],
    [{ name: "top/deep/er/b" }, "b"],
    [{ name: "top/link", type: "symlink", linkname: "/etc/passwd" }],
    [{ name: "top/hard", type: "link", linkname: "top/a" }],
  );
  expect(bytes).toBe(6);
  expect((await readdir(join(root, "out"))).sort()).toEqual(["a", "deep", "hard", "link"]);
  expect(await readFile(join(root, "out/hard"), "utf8")).toBe("hello");
  expect(await readlink(join(root, "out/link"))).toBe("/etc/passwd");
  expect((await stat(join(root, "out"))).mode & 0o777).toBe(0o750);
  expect((await stat(join(root, "out/a"))).mode & 0o777).toBe(0o640);
});

test("takes a single file as the target itself", async () => {
  await unpack([{ name: "anything" }, "x"]);
  expect(await readFile(join(root, "out"), "utf8")).toBe("x");
});

test("refuses names that lead out of the target", async () => {
  await expect(unpack([{ name: "top/../../evil" }, "x"])).rejects.toThrow("it leads outside the target");
  expect(await readdir(root)).toEqual([]);
});

test("never writes through a link that the tar brought", async () => {
  await mkdir(join(root, "elsewhere"));
  await expect(
    unpack(
      [{ name: "top/", type: "directory" }],
      [{ name: "top/way", type: "symlink", linkname: join(root, "elsewhere") }],
      [{ name: "top/way/evil" }, "x"],
    ),
  ).rejects.toThrow("it leads outside the target");
  expect(await readdir(join(root, "elsewhere"))).toEqual([]);
});

test("replaces a link by a file instead of writing to what it points to", async () => {
  await mkdir(join(root, "out"));
  await Bun.write(join(root, "victim"), "kept");
  await symlink(join(root, "victim"), join(root, "out/a"));
  await unpack([{ name: "top/", type: "directory" }], [{ name: "top/a" }, "new"]);
  expect([await readFile(join(root, "victim"), "utf8"), await readFile(join(root, "out/a"), "utf8")]).toEqual(
    ["kept", "new"],
  );
});

test("what is packed comes out the same", async () => {
  await mkdir(join(root, "in/sub"), { recursive: true });
  await Bun.write(join(root, "in/sub/file"), "content");
  await symlink("sub/file", join(root, "in/link"));
  const counter = { bytes: 0 };
  const tar = packPath(join(root, "in"), { as: "renamed", archive: true, follow: false, counter });
  expect(await unpackTo(tar, { target: join(root, "out"), archive: true })).toBe(7);
  expect(counter.bytes).toBe(7);
  expect(await readFile(join(root, "out/link"), "utf8")).toBe("content");
});
