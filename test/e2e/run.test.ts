import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
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

describe("version and info", () => {
  test("tell the engine and negotiate an API version", async () => {
    const packageFile: { version: string } = await Bun.file(
      join(import.meta.dir, "../../package.json"),
    ).json();
    expect(await engine.ok(["version", "--format", "{{.Server.Version}}"])).toBe(packageFile.version);
    const [minimum, maximum] = (
      await engine.ok(["version", "-f", "{{.Server.MinAPIVersion}} {{.Server.APIVersion}}"])
    ).split(" ");
    expect([minimum, maximum]).toEqual(["1.24", "1.51"]);
    expect((await engine.docker(["version"], { env: { DOCKER_API_VERSION: "1.24" } })).code).toBe(0);
  });

  test("tell where the engine keeps its things", async () => {
    expect(await engine.ok(["info", "--format", "{{.DockerRootDir}} {{.OSType}}"])).toBe(
      `${engine.root} linux`,
    );
  });
});

describe("run", () => {
  test("shows the command's output, each stream on its own", async () => {
    const { stdout, stderr, code } = await engine.docker(sh("echo out; echo err >&2"));
    expect({ stdout, stderr, code }).toEqual({ stdout: "out\n", stderr: "err\n", code: 0 });
  });

  test("ends with the command's own exit code", async () => {
    expect((await engine.docker(sh("exit 7"))).code).toBe(7);
  });

  test("ends with 127 when the command is not found", async () => {
    const { code, stderr } = await engine.docker(["run", "--rm", "busybox", "/no/such/program"]);
    expect(code).toBe(127);
    expect(stderr).toContain("no such file or directory");
  });

  test("ends with 127 when a word is in no directory of PATH", async () => {
    const { code, stderr } = await engine.docker(["run", "--rm", "busybox", "nonesuch"]);
    expect(code).toBe(127);
    expect(stderr).toContain('exec: "nonesuch": executable file not found in $PATH');
  });

  test("ends with 126 when the command cannot be executed", async () => {
    const { code, stderr } = await engine.docker(["run", "--rm", "busybox", "/etc"]);
    expect(code).toBe(126);
    expect(stderr).toMatch(/permission denied|is a directory/i);
  });

  test("ends with 125 when the engine refuses", async () => {
    const { code, stderr } = await engine.docker(["run", "--rm", "--memory", "1m", "busybox", "true"]);
    expect(code).toBe(125);
    expect(stderr).toContain("Minimum memory limit allowed is 6MB");
  });

  test("leaves no container behind, whatever went wrong", async () => {
    const before = await engine.ok(["ps", "-aq"]);
    await engine.docker(["run", "--rm", "busybox", "/no/such/program"]);
    await engine.docker(["run", "--rm", "busybox", "/etc"]);
    await engine.docker(["run", "--rm", "--memory", "1m", "busybox", "true"]);
    await engine.docker(sh("exit 7"));
    expect(await engine.ok(["ps", "-aq"])).toBe(before);
  });

  test("says when there is no such image", async () => {
    const { code, stderr } = await engine.docker(["run", "--rm", "--pull", "never", "no-such-image", "true"]);
    expect(code).toBe(125);
    expect(stderr).toContain("No such image: no-such-image:latest");
  });

  test("gives standard input to the command with -i, and its end", async () => {
    const stdin = "a line\n".repeat(10_000);
    const { stdout, code } = await engine.docker(["run", "-i", "--rm", "busybox", "wc", "-l"], { stdin });
    expect({ stdout: stdout.trim(), code }).toEqual({ stdout: "10000", code: 0 });
  });

  test("passes a stream through unchanged", async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    const stdin = new Uint8Array(bytes.length * 20);
    for (let part = 0; part < 20; part++) stdin.set(bytes, part * bytes.length);
    const { stdout } = await engine.docker(["run", "-i", "--rm", "busybox", "sha256sum"], { stdin });
    expect(stdout.split(" ")[0]).toBe(new Bun.CryptoHasher("sha256").update(stdin).digest("hex"));
  });

  test("refuses a second container of the same name", async () => {
    const id = await engine.ok(["run", "-d", "--name", "taken", "busybox", "sleep", "1000"]);
    const { code, stderr } = await engine.docker(["run", "--rm", "--name", "taken", "busybox", "true"]);
    expect(code).toBe(125);
    expect(stderr).toContain(`Conflict. The container name "/taken" is already in use by container "${id}"`);
    await engine.ok(["rm", "-f", "taken"]);
  });

  test("sets environment, working directory, user and host name", async () => {
    const flags = ["-e", "COLOUR=green", "-w", "/var/made/here", "-u", "1000:1001", "-h", "myhost"];
    const text = await engine.ok(
      sh("echo $COLOUR; pwd; id -u; id -g; hostname; cat /etc/hostname", ...flags),
    );
    expect(text.split("\n")).toEqual(["green", "/var/made/here", "1000", "1001", "myhost", "myhost"]);
  });

  test("replaces the entry point", async () => {
    expect(await engine.ok(["run", "--rm", "--entrypoint", "echo", "busybox", "from", "echo"])).toBe(
      "from echo",
    );
  });

  test("keeps the root file system read-only when asked, with a writable tmpfs", async () => {
    const script = "touch /file 2>&1; touch /scratch/file && mount | grep ' /scratch '";
    const text = await engine.ok(sh(script, "--read-only", "--tmpfs", "/scratch:size=1m"));
    expect(text).toContain("Read-only file system");
    expect(text).toContain("tmpfs");
  });

  test("gives a container its own small set of rights", async () => {
    const status = await engine.ok(["run", "--rm", "busybox", "cat", "/proc/self/status"]);
    expect(status).toMatch(/^CapEff:\t00000000a80425fb$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    expect((await engine.docker(sh("mount -t tmpfs none /mnt"))).code).not.toBe(0);
    expect((await engine.docker(sh("cat /proc/kcore | head -c1 | wc -c"))).stdout.trim()).toBe("0");
    expect((await engine.docker(sh("echo 1 > /proc/sys/kernel/panic"))).code).not.toBe(0);
  });

  test("adds and takes rights when asked", async () => {
    const status = await engine.ok([
      ...["run", "--rm", "--cap-drop", "ALL", "--cap-add", "NET_ADMIN"],
      "busybox",
      "cat",
      "/proc/self/status",
    ]);
    expect(status).toMatch(/^CapEff:\t0000000000001000$/m);
  });

  test("limits memory and processes", async () => {
    const id = await engine.ok([
      ...["run", "-d", "--memory", "32m", "--pids-limit", "20"],
      "busybox",
      "sleep",
      "1000",
    ]);
    const limit = (v1: string, v2: string): string => {
      const candidates = [
        join("/sys/fs/cgroup", v1.split(".")[0] ?? "", engine.prefix, id, v1),
        join("/sys/fs/cgroup", engine.prefix, id, v2),
      ];
      const file = candidates.find((path) => existsSync(path));
      return file === undefined
        ? `no cgroup of the container: ${candidates.join(", ")}`
        : readFileSync(file, "utf8").trim();
    };
    expect(limit("memory.limit_in_bytes", "memory.max")).toBe(String(32 * 1024 * 1024));
    expect(limit("pids.max", "pids.max")).toBe("20");
    const greedy = await engine.docker([
      "exec",
      id,
      "sh",
      "-c",
      "for i in $(seq 40); do sleep 5 & done 2>&1; exit 3",
    ]);
    expect(greedy.stdout + greedy.stderr).toMatch(/can't fork|Resource temporarily unavailable/);
    await engine.ok(["rm", "-f", id]);
  });

  test("tells a process that was killed for its memory", async () => {
    const { code } = await engine.docker([
      ...["run", "--name", "hungry", "--memory", "16m", "--memory-swap", "16m"],
      "busybox",
      "sh",
      "-c",
      "x=$(yes | head -c 64m)",
    ]);
    expect(code).toBe(137);
    expect(await engine.inspect("hungry", "{{.State.OOMKilled}} {{.State.ExitCode}}")).toBe("true 137");
    await engine.ok(["rm", "hungry"]);
  });

  test("keeps the mounts of a container out of the host's sight", async () => {
    const id = await engine.ok(["run", "-d", "busybox", "sleep", "1000"]);
    const mounts = engine.traces().filter((line) => line.startsWith("mount:"));
    expect(mounts.filter((line) => !line.includes("(nsfs,"))).toEqual([]);
    expect(mounts).toHaveLength(1);
    await engine.ok(["rm", "-f", id]);
  });

  test("forwards a signal to the command", async () => {
    await using client = engine.follow(
      sh("trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.05; done"),
    );
    await client.until("up");
    client.signal("SIGTERM");
    expect(await client.exited()).toBe(5);
    expect(client.stdout).toBe("up\nbye\n");
  });

  test("writes the container's ID to a file when asked", async () => {
    const file = join(engine.directory, "cid");
    await engine.ok(["run", "-d", "--cidfile", file, "--name", "noted", "busybox", "true"]);
    expect(readFileSync(file, "utf8")).toBe(await engine.inspect("noted", "{{.Id}}"));
    await engine.ok(["rm", "-f", "noted"]);
  });
});
