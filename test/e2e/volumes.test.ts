import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startEngine, type TestEngine } from "./harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const sh = (script: string, ...flags: string[]): string[] => [
  "run",
  "--rm",
  ...flags,
  "busybox",
  "sh",
  "-c",
  script,
];

describe("named volumes", () => {
  test("outlive the containers that use them", async () => {
    expect(await engine.ok(["volume", "create", "kept"])).toBe("kept");
    await engine.ok(sh("echo data > /v/file", "-v", "kept:/v"));
    expect(await engine.ok(sh("cat /elsewhere/file", "-v", "kept:/elsewhere"))).toBe("data");
    expect(await engine.ok(["volume", "inspect", "-f", "{{.Driver}} {{.Mountpoint}}", "kept"])).toBe(
      `local ${engine.root}/volumes/kept/_data`,
    );
    expect(await engine.ok(["volume", "rm", "kept"])).toBe("kept");
    expect(existsSync(join(engine.root, "volumes/kept"))).toBe(false);
  });

  test("are made when first used, and start with what the image has there", async () => {
    await engine.ok(["build", "-t", "filled", "-"], {
      stdin: "FROM busybox\nRUN mkdir /d && echo image > /d/file && chown 5:6 /d\n",
    });
    const flags = ["-v", "implicit:/d"];
    expect(
      await engine.ok([
        "run",
        "--rm",
        ...flags,
        "filled",
        "sh",
        "-c",
        "cat /d/file; stat -c '%u %g' /d; echo mine > /d/file",
      ]),
    ).toBe("image\n5 6");
    expect(await engine.ok(["run", "--rm", ...flags, "filled", "cat", "/d/file"])).toBe("mine");
    expect((await engine.ok(["volume", "ls", "-q"])).split("\n")).toContain("implicit");
    await engine.ok(["volume", "rm", "implicit"]);
  });

  test("are not removed while a container has them", async () => {
    await engine.ok(["create", "--name", "user", "-v", "used:/v", "busybox", "true"]);
    const { code, stderr } = await engine.docker(["volume", "rm", "used"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/volume is in use/);
    await engine.ok(["rm", "user"]);
    await engine.ok(["volume", "rm", "used"]);
    expect((await engine.docker(["volume", "rm", "used"])).stderr).toMatch(/no such volume/i);
  });

  test("without a name go with their container", async () => {
    const before = await engine.ok(["volume", "ls", "-q"]);
    await engine.ok(sh("echo x > /v/x", "-v", "/v"));
    expect(await engine.ok(["volume", "ls", "-q"])).toBe(before);
    await engine.ok(["run", "--name", "anonymous", "-v", "/v", "busybox", "true"]);
    expect(await engine.ok(["volume", "ls", "-q"])).not.toBe(before);
    await engine.ok(["rm", "-v", "anonymous"]);
    expect(await engine.ok(["volume", "ls", "-q"])).toBe(before);
  });

  test("refuse names that would leave their place", async () => {
    for (const name of ["../escape", "a/b", ".."]) {
      const { code } = await engine.docker(["volume", "create", name]);
      expect(code).toBe(1);
    }
    expect(existsSync(join(engine.root, "escape"))).toBe(false);
  });
});

describe("bind mounts", () => {
  test("show a directory of the host, for reading and writing", async () => {
    const directory = join(engine.directory, "shared");
    mkdirSync(directory);
    writeFileSync(join(directory, "in"), "from the host");
    expect(
      await engine.ok(sh("cat /shared/in; echo from inside > /shared/out", "-v", `${directory}:/shared`)),
    ).toBe("from the host");
    expect(readFileSync(join(directory, "out"), "utf8")).toBe("from inside\n");
  });

  test("are read-only when asked", async () => {
    const directory = join(engine.directory, "fixed");
    mkdirSync(directory);
    const { code, stderr } = await engine.docker(sh("echo x > /fixed/x", "-v", `${directory}:/fixed:ro`));
    expect(code).not.toBe(0);
    expect(stderr).toContain("Read-only file system");
    expect(existsSync(join(directory, "x"))).toBe(false);
  });

  test("of a single file work, and a missing source is made by -v but refused by --mount", async () => {
    const file = join(engine.directory, "one-file");
    writeFileSync(file, "text");
    expect(await engine.ok(sh("cat /f", "-v", `${file}:/f`))).toBe("text");
    const missing = join(engine.directory, "made-for-you");
    await engine.ok(sh("test -d /m", "-v", `${missing}:/m`));
    expect(existsSync(missing)).toBe(true);
    const other = join(engine.directory, "not-made");
    const { code, stderr } = await engine.docker(
      sh("true", "--mount", `type=bind,source=${other},target=/m`),
    );
    expect(code).toBe(125);
    expect(stderr).toContain(`bind source path does not exist: ${other}`);
  });
});
