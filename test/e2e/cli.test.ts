import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { gantryProgram, startEngine, type TestEngine, writeFiles } from "./harness.ts";
import { run } from "./process.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

describe("gantry", () => {
  test("run ends with the codes of docker's", async () => {
    expect((await engine.gantry(["run", "--rm", "busybox", "sh", "-c", "exit 7"])).code).toBe(7);
    expect((await engine.gantry(["run", "--rm", "busybox", "nonesuch"])).code).toBe(127);
    expect((await engine.gantry(["run", "--rm", "busybox", "/etc"])).code).toBe(126);
    expect((await engine.gantry(["run", "--rm", "--memory", "1m", "busybox", "true"])).code).toBe(125);
    expect((await engine.gantry(["run", "--no-such-flag", "busybox"])).code).toBe(125);
    expect(await engine.ok(["ps", "-aq"])).toBe("");
  });

  test("run carries the streams", async () => {
    const { stdout, stderr, code } = await engine.gantry(
      ["run", "-i", "--rm", "busybox", "sh", "-c", "cat; echo err >&2"],
      { stdin: "in\n" },
    );
    expect({ stdout, stderr, code }).toEqual({ stdout: "in\n", stderr: "err\n", code: 0 });
  });

  test("takes a no for what it is: nothing is removed, and that is no failure", async () => {
    await engine.ok(["create", "--name", "spared", "busybox", "true"]);
    for (const stdin of ["n\n", ""]) {
      expect(await engine.gantryOk(["container", "prune"], { stdin })).toEndWith("[y/N]");
    }
    await engine.ok(["rm", "spared"]);
  });

  test("goes through a container's life with docker's verbs", async () => {
    const id = await engine.gantryOk([
      "run",
      "-d",
      "--name",
      "mine",
      "busybox",
      "sh",
      "-c",
      "echo spoken; sleep 1000",
    ]);
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(await engine.gantryOk(["ps", "--format", "{{.Names}}"])).toBe("mine");
    expect(await engine.gantryOk(["exec", "mine", "echo", "inside"])).toBe("inside");
    expect(await engine.gantryOk(["logs", "mine"])).toBe("spoken");
    expect(await engine.gantryOk(["inspect", "-f", "{{.State.Running}}", "mine"])).toBe("true");
    await engine.gantryOk(["stop", "-t", "0", "mine"]);
    expect(await engine.gantryOk(["wait", "mine"])).toBe("137");
    await engine.gantryOk(["start", "mine"]);
    await engine.gantryOk(["kill", "mine"]);
    await engine.gantryOk(["rm", "-f", "mine"]);
    const gone = await engine.gantry(["stop", "mine"]);
    expect(gone.code).toBe(1);
    expect(gone.stderr).toContain("No such container: mine");
  });

  test("image tree shows which layers images share", async () => {
    const directory = writeFiles(join(engine.directory, "tree"), {
      Dockerfile: "FROM busybox\nRUN echo x > /x\n",
    });
    await engine.gantryOk(["build", "-t", "leaf:one", directory]);
    const tree = await engine.gantryOk(["image", "tree"]);
    expect(tree).toContain("busybox:latest");
    expect(tree).toContain("leaf:one");
    expect(tree.indexOf("busybox:latest")).toBeLessThan(tree.indexOf("leaf:one"));
  });

  test("tells what a container changed", async () => {
    await engine.gantryOk(["run", "--name", "changed", "busybox", "sh", "-c", "echo x > /new; rm -r /tmp"]);
    const changes = (await engine.gantryOk(["diff", "changed"])).split("\n");
    expect(changes).toContain("A /new");
    expect(changes).toContain("D /tmp");
    await engine.gantryOk(["rm", "changed"]);
  });

  test("runs nothing and believes nothing that lies in the working directory", async () => {
    const directory = writeFiles(join(engine.directory, "strange"), {
      "bunfig.toml": 'preload = ["./strange.ts"]\n',
      "strange.ts": 'require("node:fs").writeFileSync("ran", "");\n',
      ".env": `GANTRY_HOST=unix://${engine.directory}/nobody.sock\nDOCKER_HOST=unix:///nobody\nSTRANGE=yes\n`,
      "compose.yaml": "services: {a: {image: busybox, command: [$STRANGE]}}\n",
      "empty.env": "",
    });
    expect((await engine.gantry(["ps"], { cwd: directory })).code).toBe(0);
    const config = await engine.gantryOk(["compose", "--env-file", "empty.env", "config"], {
      cwd: directory,
    });
    expect(config).not.toContain("yes");
    expect(existsSync(join(directory, "ran"))).toBe(false);
  });

  test("starts the engine where it is needed and none runs", async () => {
    // The engine of the default places: in namespaces of its own, so that it meets none that this machine may have.
    const script = `
      mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib || exit 1
      unset GANTRY_HOST DOCKER_HOST
      "$0" version --format '{{.Server.Version}}' && "$0" ps -q
      code=$?
      pid=$(cat /run/gantry/engine.pid)
      kill "$pid"
      while [ -e "/proc/$pid" ]; do sleep 0.05; done
      exit $code`;
    const command = [
      "unshare",
      "--mount",
      "--net",
      "--propagation",
      "private",
      "sh",
      "-c",
      script,
      gantryProgram,
    ];
    const { stdout, stderr, code } = await run(command);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test("says what to do when no engine answers", async () => {
    const { code, stderr } = await engine.gantry(["-H", `unix://${engine.directory}/nobody.sock`, "ps"]);
    expect(code).not.toBe(0);
    expect(stderr).toContain(`${engine.directory}/nobody.sock`);
  });
});
