import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startEngine, type TestEngine, writeFiles } from "./harness.ts";
import { run } from "./process.ts";

const rounds = 4;

test("collection beside builds, loads, pushes, copies and containers takes nothing that is in use, and leaves nothing", async () => {
  await using engine = await startEngine();
  const directory = engine.directory;
  await engine.ok([
    "run",
    "-d",
    "--name",
    "witness",
    "busybox",
    "sh",
    "-c",
    "while :; do cat /etc/passwd /bin/busybox > /dev/null; sleep 0.1; done",
  ]);
  await build(engine, "seed:1", "seed");
  await engine.ok(["save", "-o", join(directory, "seed.tar"), "seed:1"]);
  await engine.gantryOk(["image", "copy", "-q", "seed:1", `oci:${join(directory, "seed")}:seed`]);
  await engine.ok(["rmi", "seed:1"]);
  const registry = await engine.gantryOk(["registry", "serve", "-d", "--writable", "--addr", "127.0.0.1:0"]);

  let working = true;
  const collecting = repeat(
    () => working,
    async () => {
      await engine.ok(["image", "prune", "-f"]);
      await engine.ok(["builder", "prune", "-f"]);
    },
  );
  await Promise.all([
    times(async (round) => {
      await build(engine, `built:${round}`, `built ${round}`);
      await use(engine, `built:${round}`, `built ${round}`);
    }),
    times(async () => {
      await engine.ok(["load", "-q", "-i", join(directory, "seed.tar")]);
      await use(engine, "seed:1", "seed");
    }),
    times(async (round) => {
      const target = `docker://${registry}/pushed:${round}`;
      const { code, stderr } = await run([
        "skopeo",
        "copy",
        "--dest-tls-verify=false",
        `oci:${join(directory, "seed")}:seed`,
        target,
      ]);
      expect([code, stderr]).toEqual([0, expect.any(String)]);
      await use(engine, `pushed:${round}`, "seed");
    }),
    times(async (round) => {
      await engine.gantryOk([
        "image",
        "copy",
        "-q",
        `oci:${join(directory, "seed")}:seed`,
        `copied:${round}`,
      ]);
      await use(engine, `copied:${round}`, "seed");
    }),
  ]).finally(() => {
    working = false;
  });
  await collecting;

  expect(await engine.inspect("witness", "{{.State.Status}}")).toBe("running");
  for (const name of readdirSync(blobs(engine)))
    expect(
      createHash("sha256")
        .update(readFileSync(join(blobs(engine), name)))
        .digest("hex"),
    ).toBe(name);
  await engine.ok(["rm", "-f", "witness"]);
  // What was stored a moment ago waits for its image; a new engine waits for nothing.
  await engine.stop();
  await engine.start();
  expect(await engine.ok(["run", "--rm", "busybox", "echo", "whole"])).toBe("whole");
  await engine.ok(["builder", "prune", "-af"]);
  await engine.ok(["rmi", "-f", "busybox"]);
  await engine.ok(["image", "prune", "-af"]);
  expect(await engine.ok(["images", "-aq"])).toBe("");
  expect(readdirSync(blobs(engine))).toEqual([]);
  for (const part of ["snapshots/committed", "snapshots/active", "content/ingest"])
    expect([part, ...readdirSync(join(engine.root, part))]).toEqual([part]);
});

const blobs = (engine: TestEngine): string => join(engine.root, "content/blobs/sha256");

async function times(work: (round: number) => Promise<void>): Promise<void> {
  for (let round = 0; round < rounds; round += 1) await work(round);
}

async function repeat(wanted: () => boolean, work: () => Promise<void>): Promise<void> {
  while (wanted()) await work();
}

async function build(engine: TestEngine, tag: string, text: string): Promise<void> {
  const dockerfile = `FROM busybox\nRUN echo ${text} > /text && head -c 200000 /dev/urandom > /noise\nRUN cat /noise /noise > /twice`;
  const context = writeFiles(join(engine.directory, `context-${tag.replace(":", "-")}`), {
    Dockerfile: dockerfile,
  });
  await engine.ok(["build", "-q", "-t", tag, context]);
}

/** The image runs, all of its layers can be read, and it goes. */
async function use(engine: TestEngine, name: string, text: string): Promise<void> {
  const script = "cat /text && cat /noise /noise | cmp - /twice";
  expect(await engine.ok(["run", "--rm", name, "sh", "-c", script])).toBe(text);
  await engine.ok(["rmi", name]);
}
