import { afterAll, beforeAll, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { collect, RuntimeFixture, unframe } from "./runtime.fixture.ts";

let fixture: RuntimeFixture;
beforeAll(async () => {
  fixture = await RuntimeFixture.open();
  await fixture.connect();
});
afterAll(async () => await fixture[Symbol.asyncDispose]());

test("the root file system is never mounted on the host, and writes go to the upper directory", async () => {
  const config = fixture.config(["sh", "-c", "echo new > /etc/file; sleep 1000"]);
  const { task, stream } = await fixture.run(config);
  stream.destroy();
  expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(fixture.directory);
  const written = join(fixture.directory, config.id, "upper/etc/file");
  while (!(await Bun.file(written).exists())) await Bun.sleep(1);
  await task.destroy();
});

test("more layers than fit one page of mount options are mounted", async () => {
  const layers = Array.from({ length: 120 }, (_, index) => {
    const path = join(fixture.directory, "layers", `${index}`.padStart(64, "0"));
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, `from-${index}`), "");
    return path;
  });
  const config = fixture.config(["sh", "-c", "ls /from-* | wc -l"]);
  const [root] = config.rootfs;
  const options = (root?.options ?? []).map((option) =>
    option.startsWith("lowerdir=") ? `lowerdir=${[...layers, option.slice(9)].join(":")}` : option,
  );
  expect(options.join().length).toBeGreaterThan(10_000);
  const { stream } = await fixture.run({
    ...config,
    rootfs: [{ type: "overlay", source: "overlay", options }],
  });
  expect((await collect(stream)).out).toBe("120\n");
});

test("a read-only bind serves as root file system", async () => {
  const source = join(fixture.directory, "tree");
  const config = fixture.config(["sh", "-c", "echo x > /etc/x"], { input: { readonlyRoot: true } });
  const { stream } = await fixture.run({
    ...config,
    rootfs: [{ type: "bind", source, options: ["rbind", "ro"] }],
  });
  expect((await collect(stream)).err).toContain("Read-only file system");
});

test("a root file system that cannot be mounted fails the start with its reason", async () => {
  const config = fixture.config(["true"]);
  const options = ["lowerdir=/does/not/exist", "upperdir=/nor/this", "workdir=/nor/that"];
  const task = await fixture.runtime.create({
    ...config,
    rootfs: [{ type: "overlay", source: "overlay", options }],
  });
  const error: unknown = await task.start().catch((thrown: unknown) => thrown);
  expect(String(error)).toContain(
    `mount overlay overlay on ${config.spec.root.path}: no such file or directory`,
  );
  while (fixture.shims(config.id).length > 0) await Bun.sleep(1);
});

test("a full disk costs output, whole frames at a time, and never stops the container", async () => {
  const directory = join(fixture.directory, "small");
  mkdirSync(directory);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=300k", "tmpfs", directory]);
  try {
    const log = { driver: "local" as const, directory: join(directory, "log"), maxBytes: 0, maxFiles: 1 };
    const script = "dd if=/dev/zero bs=1024k count=4 2>/dev/null | tr '\\0' x; echo done > /etc/done";
    const { task, stream } = await fixture.run(fixture.config(["sh", "-c", script], { log }));
    expect((await task.exited).code).toBe(0);
    const { out } = await collect(stream);
    expect(/^x+$/.test(out)).toBe(true);
    expect(unframe(readFileSync(join(log.directory, "log"))).out).toBe(out);
  } finally {
    execFileSync("umount", ["-l", directory]);
  }
});
