import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { extract, type Header } from "tar-stream";
import { type ContextOptions, packContext } from "./index.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "gantry-context-"));
});
afterEach(async () => rm(root, { recursive: true }));

interface Unpacked {
  readonly header: Header;
  readonly body: string;
}

async function unpack(options: ContextOptions = {}): Promise<{ dockerfile: string; entries: Unpacked[] }> {
  const packed = await packContext(join(root, "ctx"), options);
  const entries: Unpacked[] = [];
  for await (const entry of Readable.from(packed.tar).pipe(extract())) {
    let body = "";
    for await (const chunk of entry) body += chunk;
    entries.push({ header: entry.header, body });
  }
  return { dockerfile: packed.dockerfile, entries };
}

async function files(tree: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(tree)) {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

const names = (entries: Unpacked[]) => entries.map((entry) => entry.header.name);

test("packs files sorted, owned by root, with their modes, and symlinks as symlinks", async () => {
  await files({ "ctx/Dockerfile": "FROM x", "ctx/b/run.sh": "hi", "ctx/a": "" });
  await chmod(join(root, "ctx/b/run.sh"), 0o750);
  await symlink("/etc/passwd", join(root, "ctx/c"));
  const { entries, dockerfile } = await unpack();
  expect(dockerfile).toBe("Dockerfile");
  expect(names(entries)).toEqual(["Dockerfile", "a", "b/", "b/run.sh", "c"]);
  expect(entries[3]).toMatchObject({ header: { mode: 0o750, uid: 0, gid: 0, type: "file" }, body: "hi" });
  expect(entries[4]?.header).toMatchObject({ type: "symlink", linkname: "/etc/passwd" });
});

test("leaves ignored paths out, brings back exceptions, and always sends Dockerfile and ignore file", async () => {
  await files({
    "ctx/.dockerignore": "*\n!src\nsrc/*.log\n",
    "ctx/Dockerfile": "FROM x",
    "ctx/secret": "s",
    "ctx/src/a.ts": "a",
    "ctx/src/b.log": "b",
  });
  const { entries } = await unpack();
  expect(names(entries)).toEqual([".dockerignore", "Dockerfile", "src/", "src/a.ts"]);
});

test("enters an ignored directory only for the Dockerfile in it", async () => {
  await files({
    "ctx/.dockerignore": "deploy\n",
    "ctx/deploy/x": "x",
    "ctx/deploy/web.Dockerfile": "FROM x",
  });
  const { entries, dockerfile } = await unpack({ dockerfile: "deploy/web.Dockerfile" });
  expect(dockerfile).toBe("deploy/web.Dockerfile");
  expect(names(entries)).toEqual([".dockerignore", "deploy/web.Dockerfile"]);
});

test("prefers the ignore file of the Dockerfile", async () => {
  await files({
    "ctx/.dockerignore": "a\n",
    "ctx/Dockerfile.dockerignore": "b\n",
    "ctx/Dockerfile": "",
    "ctx/a": "",
    "ctx/b": "",
  });
  expect(names((await unpack()).entries)).toContain("a");
});

test("takes a Dockerfile from elsewhere in under a name of its content, hidden by the ignore file", async () => {
  await files({ "ctx/.dockerignore": "x", "ctx/x": "", "other/Dockerfile": "FROM y" });
  const one = await unpack({ dockerfile: join(root, "other/Dockerfile") });
  const two = await unpack({ dockerfile: { content: "FROM y" } });
  expect(one.dockerfile).toMatch(/^\.dockerfile\.[0-9a-f]{20}$/);
  expect(one.dockerfile).toBe(two.dockerfile);
  expect(one.entries.map((entry) => entry.body)).toEqual(["FROM y", `x\n${one.dockerfile}\n`]);
});

test("carries long and non-ASCII names and large files whole", async () => {
  const long = `${"d".repeat(90)}/${"f".repeat(90)}-é`;
  const big = "0123456789".repeat(100_000);
  await files({ "ctx/Dockerfile": "", [`ctx/${long}`]: "x", "ctx/big": big });
  const { entries } = await unpack();
  expect(names(entries)).toContain(long);
  expect(entries.find((entry) => entry.header.name === "big")?.body).toBe(big);
});

test("says in Docker's words what is missing", async () => {
  await expect(packContext(join(root, "none"))).rejects.toThrow(
    `unable to prepare context: path "${join(root, "none")}" not found`,
  );
  await mkdir(join(root, "ctx"));
  await expect(packContext(join(root, "ctx"))).rejects.toThrow(
    `unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat ${join(root, "ctx/Dockerfile")}: no such file or directory`,
  );
});
