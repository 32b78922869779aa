import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { chmod, link, mkdir, readdir, rename, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { EngineError } from "../base/index.ts";
import { getAttribute, makeNode, setAttribute } from "../sys/index.ts";
import { type Entry, streamed, tar } from "./tar.fixture.ts";
import { listTar, listTree, type Playground, playground, tools } from "./tree.fixture.ts";

const bytesOf = async (source: AsyncIterable<Uint8Array>) => Buffer.concat(await Array.fromAsync(source));
const dir = (name: string, more: Partial<Entry> = {}): Entry => ({ name, type: "5", ...more });
const file = (name: string, data = name, more: Partial<Entry> = {}): Entry => ({ name, data, ...more });

/** Runs a shell script in the tree that an overlay of `upper` on `lower` shows, in a mount namespace of its own. */
async function inOverlay(place: Playground, script: string): Promise<void> {
  const [mount] = await place.overlay("upper", ["lower"]);
  await mkdir(place.path("merged"), { recursive: true });
  const options = [...(mount?.options ?? []), "redirect_dir=nofollow", "metacopy=off", "index=off"].join(",");
  const whole = `mount -t overlay -o ${options} overlay ${place.path("merged")} && cd ${place.path("merged")} && ${script}`;
  execFileSync("unshare", ["--mount", "--propagation", "private", "sh", "-ec", whole]);
}

describe("diff", () => {
  test("an applied layer comes back byte for byte, and so does its tree", async () => {
    await using place = await playground();
    const capability = Buffer.from("0100000200040000000000000000000000000000", "hex");
    const all = [
      dir("./", { mode: 0o755, mtime: 1 }),
      dir("dir/", {
        mode: 0o1777,
        uid: 1,
        gid: 2,
        pax: { "SCHILY.xattr.user.a": "1", "SCHILY.xattr.user.b": "two" },
      }),
      file("dir/caps", "x", { pax: { "SCHILY.xattr.security.capability": capability } }),
      file("dir/nanoseconds", "x", { pax: { mtime: "1234567890.000000001" } }),
      file("dir/old", "x", { pax: { mtime: "-2" } }),
      file("dir/suid", "x", { mode: 0o6755, uid: 3 }),
      file("empty", ""),
      { name: "fifo", type: "6", mode: 0o600 } as const,
      { name: "linked", type: "2", link: "t".repeat(100), mode: 0o777 } as const,
      { name: "linked2", type: "2", link: "x", mode: 0o777, pax: { linkpath: "t".repeat(200) } } as const,
      file("short", "deep", { pax: { path: `${"p".repeat(160)}/${"q".repeat(150)}` } }),
      file("uid", "x", { pax: { uid: "3000000", gid: "4000000" } }),
      { name: "zero", type: "3", device: [1, 5], mode: 0o666 } as const,
    ];
    await tools.apply(streamed(tar(...all)), await place.plain("one"));
    const first = await bytesOf(tools.diff(place.path("one")));
    const mounts = await place.plain("two");
    await tools.apply(streamed(first), mounts);
    expect(await bytesOf(tools.diff(place.path("two")))).toEqual(first);
    expect(await listTree(mounts)).toEqual(await listTree(await place.plain("one")));
    const times = async (tree: string, name: string) =>
      (await stat(place.path(tree, name), { bigint: true })).mtimeNs;
    for (const name of ["dir", "dir/nanoseconds", "dir/old", "empty", "."]) {
      expect([name, await times("two", name)]).toEqual([name, await times("one", name)]);
    }
    expect(await times("two", "dir/old")).toBe(-2_000_000_000n);
    expect(Buffer.from(getAttribute(place.path("two/dir/caps"), "security.capability") ?? [])).toEqual(
      capability,
    );
    const expanded = execFileSync("tar", ["-tv"], { input: first }).toString();
    expect(expanded.split("\n").filter((line) => line !== "")).toHaveLength(all.length + 1);
  });

  test("what a mounted overlay recorded becomes OCI whiteouts, and shows the same tree again", async () => {
    await using place = await playground();
    await tools.apply(
      streamed(
        tar(
          dir("keep"),
          file("keep/a"),
          file("keep/b"),
          dir("remade"),
          file("remade/old"),
          dir("gone"),
          file("gone/x"),
          file("changed", "before"),
          file("mode"),
          file("moved"),
        ),
      ),
      await place.plain("lower"),
    );
    await inOverlay(
      place,
      `rm keep/a; echo new > keep/c; rm -r remade; mkdir remade; echo new > remade/new; rm -r gone;
       echo after > changed; chmod 600 mode; mv moved moved2; ln changed hard; mkfifo pipe; ln -s changed soft; mkdir -p deep/er; touch deep/er/file`,
    );
    const layer = await bytesOf(tools.diff(place.path("upper")));
    const listed = listTar(layer);
    expect(Object.keys(listed)).toEqual(
      [
        "./",
        "changed",
        "deep/",
        "deep/er/",
        "deep/er/file",
        ".wh.gone",
        "hard",
        "keep/",
        ".wh.moved",
        "mode",
        "moved2",
        "pipe",
        "remade/",
        "remade/.wh..wh..opq",
        "remade/new",
        "soft",
      ]
        .toSorted((a, b) => orderKey(a).localeCompare(orderKey(b)))
        .flatMap((name) => (name === "keep/" ? ["keep/", "keep/.wh.a", "keep/c"] : [name])),
    );
    expect(listed.hard).toBe("1 644 0:0 changed");
    await tools.apply(streamed(layer), await place.overlay("again", ["lower"]));
    expect(await listTree(place.view(["again", "lower"]))).toEqual(
      await listTree(place.view(["upper", "lower"])),
    );
    expect(await bytesOf(tools.diff(place.path("again")))).toEqual(layer);
  });

  test("the same tree gives the same bytes in whatever order it was made", async () => {
    await using place = await playground();
    for (const [tree, names] of [
      ["one", ["b", "a", "c"]],
      ["two", ["c", "b", "a"]],
    ] as const) {
      await mkdir(place.path(tree));
      for (const name of names) await writeFile(place.path(tree, name), name);
      for (const name of [...names, "."]) await utimes(place.path(tree, name), 5, 5);
    }
    expect(await bytesOf(tools.diff(place.path("one")))).toEqual(
      await bytesOf(tools.diff(place.path("two"))),
    );
  });

  test("of two plain trees, the difference makes one of the other", async () => {
    await using place = await playground();
    const mounts = await place.plain("older");
    await tools.apply(
      streamed(
        tar(dir("d"), file("d/same"), file("d/gone"), file("kind"), file("text", "before"), file("link")),
      ),
      mounts,
    );
    execFileSync("cp", ["-a", place.path("older"), place.path("newer")]);
    await rm(place.path("newer/d/gone"));
    await rm(place.path("newer/kind"));
    await mkdir(place.path("newer/kind"));
    await writeFile(place.path("newer/kind/in"), "in");
    await writeFile(place.path("newer/text"), "after!");
    await writeFile(place.path("newer/new"), "new");
    const layer = await bytesOf(tools.diff(place.path("newer"), { older: place.path("older") }));
    expect(Object.keys(listTar(layer))).toEqual([
      "./",
      "d/",
      "d/.wh.gone",
      "kind/",
      "kind/in",
      "new",
      "text",
    ]);
    await tools.apply(streamed(layer), mounts);
    expect(await listTree(mounts)).toEqual(await listTree(await place.plain("newer")));
  });

  test("what a layer cannot say is refused", async () => {
    await using place = await playground();
    const refused = async (tree: string) =>
      await bytesOf(tools.diff(place.path(tree))).then(
        () => undefined,
        (error: unknown) => error,
      );
    await mkdir(place.path("a/d"), { recursive: true });
    await writeFile(place.path("a/d/.wh.x"), "");
    expect(String(await refused("a"))).toContain("d/.wh.x: a name that begins with .wh.");
    await mkdir(place.path("b/moved"), { recursive: true });
    setAttribute(place.path("b/moved"), "trusted.overlay.redirect", Buffer.from("/from"));
    expect(String(await refused("b"))).toContain("moved: it was written through a mount with redirect_dir");
    expect(await refused("none")).toBeInstanceOf(EngineError);
  });

  test("leaving early ends the helper", async () => {
    await using place = await playground();
    await mkdir(place.path("tree"));
    execFileSync("truncate", ["-s", "1G", place.path("tree/large")]);
    for await (const chunk of tools.diff(place.path("tree"))) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    const abort = new AbortController();
    const aborted = async () => {
      for await (const _ of tools.diff(place.path("tree"), { signal: abort.signal }))
        abort.abort(new Error("enough"));
    };
    await expect(aborted()).rejects.toThrow("enough");
  });
});

/** Deletions stand where the name they delete would. */
function orderKey(name: string): string {
  return name === "./"
    ? ""
    : name.replace(".wh.", "").replace(/\/$/, "").replace("remade/.wh..wh..opq", "remade/");
}

describe("pack", () => {
  async function sample(place: Playground) {
    const mounts = await place.plain("tree");
    await tools.apply(
      streamed(
        tar(
          dir("etc"),
          file("etc/a"),
          dir("etc/sub"),
          file("etc/sub/b"),
          { name: "l", type: "2", link: "etc/a" },
          { name: "ld", type: "2", link: "/etc" },
        ),
      ),
      mounts,
    );
    return async (path: string, name?: string) =>
      Object.keys(listTar(await bytesOf(tools.pack(mounts, path, name === undefined ? {} : { name }))));
  }

  test("names are relative to the parent of the path, as copies from a container want them", async () => {
    await using place = await playground();
    const names = await sample(place);
    expect(await names("/etc")).toEqual(["etc/", "etc/a", "etc/sub/", "etc/sub/b"]);
    expect(await names("/etc/")).toEqual(["etc/", "etc/a", "etc/sub/", "etc/sub/b"]);
    expect(await names("/etc/.")).toEqual(["./", "./a", "./sub/", "./sub/b"]);
    expect(await names("etc/sub/b")).toEqual(["b"]);
    expect(await names("/l")).toEqual(["l"]);
    expect(await names("/ld")).toEqual(["ld"]);
    expect(await names("/ld/")).toEqual(["ld/", "ld/a", "ld/sub/", "ld/sub/b"]);
    expect(await names("/ld/sub")).toEqual(["sub/", "sub/b"]);
    expect(await names("/etc", "other")).toEqual(["other/", "other/a", "other/sub/", "other/sub/b"]);
    expect(await names("/etc", "")).toEqual(["a", "sub/", "sub/b"]);
    expect((await names("/")).slice(0, 3)).toEqual(["/", "/etc/", "/etc/a"]);
    await expect(names("/etc/none")).rejects.toThrow("no such file or directory");
    await expect(names("/none/x")).rejects.toThrow('"none" does not exist');
  });

  test("a tree that changes meanwhile is packed without failing", async () => {
    await using place = await playground();
    await mkdir(place.path("tree/d"), { recursive: true });
    for (let i = 0; i < 200; i += 1) await writeFile(place.path("tree/d", `f${i}`), "x".repeat(5000));
    const mounts = await place.plain("tree");
    let cut = false;
    const chunks: Uint8Array[] = [];
    for await (const chunk of tools.pack(mounts, "/", { name: "" })) {
      chunks.push(chunk.slice());
      if (cut) continue;
      cut = true;
      for (let i = 0; i < 200; i += 2) await rm(place.path("tree/d", `f${i}`));
      for (let i = 1; i < 200; i += 4) await writeFile(place.path("tree/d", `f${i}`), "");
    }
    execFileSync("tar", ["-t"], { input: Buffer.concat(chunks) });
  });

  test("sockets are left out and hard links kept", async () => {
    await using place = await playground();
    const mounts = await place.plain("tree");
    await writeFile(place.path("tree/a"), "data");
    await link(place.path("tree/a"), place.path("tree/b"));
    makeNode(place.path("tree/socket"), { mode: 0o140600 });
    expect(await listTree(mounts)).toEqual({ a: "0 644 0:0 data", b: "1 644 0:0 a" });
  });
});

describe("usage and sync", () => {
  test("usage counts bytes and inodes once, sync returns when the disk has it all", async () => {
    await using place = await playground();
    await mkdir(place.path("tree/d"), { recursive: true });
    await writeFile(place.path("tree/a"), "0123456789");
    await link(place.path("tree/a"), place.path("tree/d/b"));
    await symlink("abc", place.path("tree/c"));
    makeNode(place.path("tree/gone"), { mode: 0o020000 });
    expect(await tools.usage(place.path("tree"))).toEqual({ bytes: 13, inodes: 4 });
    await tools.sync(place.path("tree"));
    await expect(tools.sync(place.path("none"))).rejects.toThrow(
      "none: cannot sync: No such file or directory",
    );
  });
});

describe("the helper", () => {
  test("ends when its source fails, stops or the caller gives up", async () => {
    await using place = await playground();
    const mounts = await place.plain("tree");
    const start = tar(file("a", "x".repeat(100_000))).subarray(0, 50_000);
    const failing = async function* () {
      yield start;
      throw new Error("source failed");
    };
    await expect(tools.apply(failing(), mounts)).rejects.toThrow("source failed");
    const abort = new AbortController();
    const hanging = async function* () {
      yield start;
      abort.abort(new Error("given up"));
      await new Promise<void>(() => {});
    };
    await expect(tools.apply(hanging(), mounts, { signal: abort.signal })).rejects.toThrow("given up");
    const stuck = async function* () {
      yield tar(file("../escape")).subarray(0, 1024);
      yield new Uint8Array(300_000);
      await new Promise<void>(() => {});
    };
    await expect(tools.apply(stuck(), mounts)).rejects.toThrow('../escape: name holds ".."');
  });

  test("leaves no mount on the host", async () => {
    await using place = await playground();
    await tools.apply(streamed(tar(file("a"))), await place.plain("low"));
    await mkdir(place.path("low2"));
    await tools.apply(streamed(tar(file("b"))), await place.overlay("up", ["low2", "low"]));
    expect(await Bun.file("/proc/self/mounts").text()).not.toContain(place.root);
    expect(await readdir(place.path("up"))).toEqual(["b"]);
    await chmod(place.path("up"), 0o700);
    await rename(place.path("up"), place.path("up3"));
  });
});
