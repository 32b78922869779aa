import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { freePort, startEngine, writeFiles } from "./harness.ts";
import { eventually } from "./process.ts";

describe("system reset after a kill in the middle", () => {
  test("leaves no mount, link, table, cgroup or process, and no data", async () => {
    await using engine = await startEngine();
    await engine.ok(["network", "create", "mine"]);
    await engine.ok(["run", "-d", "--name", "plain", "-v", "data:/data", "busybox", "sleep", "1000"]);
    await engine.ok(["run", "-d", "--network", "mine", "-p", `${freePort()}:80`, "busybox", "sleep", "1000"]);
    await engine.ok(["run", "-dit", "--restart", "always", "busybox", "sh"]);
    await engine.ok(["exec", "-d", "plain", "sleep", "1000"]);
    const directory = writeFiles(join(engine.directory, "building"), {
      Dockerfile: "FROM busybox\nRUN echo begun && sleep 1000\n",
    });
    await using building = engine.follow(["build", directory]);
    await building.until("begun");
    expect(engine.traces().length).toBeGreaterThan(8);

    await engine.kill9();
    expect(engine.traces().length).toBeGreaterThan(8);
    const { code, stderr } = await engine.reset();
    expect(stderr).toBe("");
    expect(code).toBe(0);
    // The build's client still waits, and its command line names the directory.
    await building[Symbol.asyncDispose]();
    expect(engine.traces()).toEqual([]);
    expect(existsSync(engine.root) ? readdirSync(engine.root) : []).toEqual([]);
  });

  test("works again after it, and a second reset is no error", async () => {
    await using engine = await startEngine();
    await engine.ok(["run", "-d", "busybox", "sleep", "1000"]);
    await engine.kill9();
    expect((await engine.reset()).code).toBe(0);
    expect((await engine.reset()).code).toBe(0);
    await engine.start();
    expect(await engine.ok(["ps", "-aq"])).toBe("");
    expect(await engine.ok(["images", "-q"])).toBe("");
  });

  test("ends an engine that still runs, with its containers", async () => {
    await using engine = await startEngine();
    await engine.ok(["run", "-d", "-p", `${freePort()}:80`, "busybox", "sleep", "1000"]);
    expect((await engine.reset()).code).toBe(0);
    expect(engine.traces()).toEqual([]);
    expect((await engine.docker(["ps"])).code).not.toBe(0);
  });
});

describe("removing things one by one", () => {
  test("leaves nothing of a container or network either", async () => {
    await using engine = await startEngine();
    // The first container brings the cgroup that all of an engine's stand in.
    await engine.ok(["run", "--rm", "busybox", "true"]);
    const before = engine.traces();
    await engine.ok(["network", "create", "brief"]);
    for (let round = 0; round < 5; round++) {
      await engine.ok([
        "run",
        "-d",
        "--name",
        "brief",
        "--network",
        "brief",
        "-p",
        `${freePort()}:80`,
        "busybox",
        "sleep",
        "1000",
      ]);
      await engine.ok(["run", "--rm", "busybox", "true"]);
      await engine.ok(["rm", "-f", "brief"]);
    }
    await engine.ok(["network", "rm", "brief"]);
    // The kernel takes links away after the answer.
    await eventually("everything to be gone", () => {
      const extra = engine.traces().filter((line) => !before.includes(line));
      return extra.length === 0 ? true : undefined;
    });
  });
});
