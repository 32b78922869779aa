import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call } from "./api-client.ts";
import { dockerVersion } from "./docker-program.ts";
import { startEngine, type TestEngine, writeFiles } from "./harness.ts";
import { eventually } from "./process.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
  const context = writeFiles(join(engine.directory, "picture"), {
    Dockerfile: "FROM busybox\nCOPY . /pictures\nRUN ln -s /etc /pictures/leaf/out && echo top > /top\n",
    "leaf/one": "first",
    two: "second",
  });
  await engine.ok(["build", "-q", "-t", "picture", context], { env: { DOCKER_BUILDKIT: "0" } });
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});
afterEach(async () => {
  await engine.noneLeft();
});

const sh = (script: string, ...flags: string[]): Promise<string> =>
  engine.ok(["run", "--rm", ...flags, "busybox", "sh", "-c", script]);
const refusal = async (...args: string[]): Promise<{ code: number; stderr: string }> => {
  const { code, stderr } = await engine.docker(["run", "--rm", ...args, "busybox", "true"]);
  return { code, stderr };
};
/** Optional fields and options of a mount as a process of a container sees it. */
const mountLine = (path: string): string => `grep ' ${path} ' /proc/self/mountinfo`;

describe("images as mounts", () => {
  test("show an image's files, writable for this container alone", async () => {
    const mount = "type=image,source=picture,target=/p";
    const script = "cat /p/pictures/two /p/top; echo mine > /p/pictures/two; cat /p/pictures/two";
    expect(await sh(script, "--mount", mount)).toBe("secondtop\nmine");
    expect(await sh("cat /p/pictures/two", "--mount", mount)).toBe("second");
  });

  test("keep what a container wrote until it is removed", async () => {
    const mount = "type=image,source=picture,target=/p";
    const script = "cat /p/note 2>/dev/null; echo x >> /p/note";
    await engine.ok(["create", "--name", "noter", "--mount", mount, "busybox", "sh", "-c", script]);
    await engine.ok(["start", "-a", "noter"]);
    expect(await engine.ok(["start", "-a", "noter"])).toBe("x");
    expect(await engine.ok(["cp", "noter:/p/pictures/two", "-"])).toContain("second");
    expect(await engine.inspect("noter", "{{json .Mounts}}")).toContain('"Type":"image","Source":"picture"');
    const layers = (): string[] => readdirSync(join(engine.root, "snapshots/active"));
    expect(layers()).toHaveLength(2);
    await engine.ok(["rm", "noter"]);
    expect(layers()).toEqual([]);
  });

  const inPart = (mount: string, script: string) =>
    engine.docker(["run", "--rm", "--mount", mount, "busybox", "sh", "-c", script]);

  test("can be read-only, and a part of the image", async () => {
    const mount = "type=image,source=picture,target=/p,image-subpath=pictures/leaf,readonly";
    expect((await inPart(mount, "ls /p; touch /p/x 2>&1")).stdout).toMatch(
      /one\nout\n.*Read-only file system/s,
    );
  });

  test("never lead out of the image, whatever links it holds", async () => {
    const mount = "type=image,source=picture,target=/p,image-subpath=pictures/leaf/out";
    const led = await inPart(mount, "ls /p");
    expect([led.code, led.stdout]).toEqual([0, expect.not.stringContaining("apt")]);
    const up = "type=image,source=picture,target=/p,image-subpath=../..";
    expect((await inPart(up, "true")).stderr).toContain("subpath must be a relative path within the image");
    const none = await inPart("type=image,source=picture,target=/p,image-subpath=nonesuch", "true");
    expect(none.stderr).toContain("cannot access path nonesuch: no such file or directory");
  });

  test("need an image, and keep it from being removed", async () => {
    const missing = await engine.docker([
      ...["create", "--mount", "type=image,source=nonesuch,target=/p", "busybox"],
    ]);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain("No such image: nonesuch:latest");
    await engine.ok([
      "create",
      "--name",
      "user",
      "--mount",
      "type=image,source=picture,target=/p",
      "busybox",
    ]);
    const { code, stderr } = await engine.docker(["rmi", "picture"]);
    expect(code).toBe(1);
    expect(stderr).toContain("is using its referenced image");
    await engine.ok(["rm", "user"]);
  });
});

describe("binds", () => {
  test("have the propagation that was asked, private where nothing was", async () => {
    const directory = join(engine.directory, "shared");
    mkdirSync(directory);
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", directory]);
    try {
      execFileSync("mount", ["--make-private", directory]);
      const not = await refusal("-v", `${directory}:/m:rshared`);
      expect(not.stderr).toContain(
        `path ${directory} is mounted on ${directory} but it is not a shared mount`,
      );
      const nor = await refusal("-v", `${directory}:/m:rslave`);
      expect(nor.stderr).toContain("but it is not a shared or slave mount");
      execFileSync("mount", ["--make-shared", directory]);
      expect(await sh(mountLine("/m"), "-v", `${directory}:/m`)).not.toMatch(/shared:|master:/);
      expect(await sh(mountLine("/m"), "-v", `${directory}:/m:slave`)).toMatch(/ master:\d+ /);
      expect(await sh(mountLine("/m"), "-v", `${directory}:/m:shared`)).toMatch(/ shared:\d+ /);
      const long = `type=bind,source=${directory},target=/m,bind-propagation=rslave`;
      expect(await sh(mountLine("/m"), "--mount", long)).toMatch(/ master:\d+ /);
    } finally {
      execFileSync("umount", [directory]);
    }
  });

  test("that are shared let mounts through both ways, slaves one way", async () => {
    const directory = join(engine.directory, "two-ways");
    mkdirSync(directory);
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", directory]);
    execFileSync("mount", ["--make-shared", directory]);
    for (const name of ["in", "out", "alone"]) mkdirSync(join(directory, name));
    const flags = ["--cap-add", "SYS_ADMIN", "--security-opt", "apparmor=unconfined"];
    try {
      await engine.ok([
        "run",
        "-d",
        "--name",
        "both",
        ...flags,
        "-v",
        `${directory}:/m:rshared`,
        "busybox",
        "sleep",
        "1000",
      ]);
      await engine.ok([
        "run",
        "-d",
        "--name",
        "one",
        ...flags,
        "-v",
        `${directory}:/m:rslave`,
        "busybox",
        "sleep",
        "1000",
      ]);
      execFileSync("mount", ["-t", "tmpfs", "tmpfs", join(directory, "in")]);
      writeFileSync(join(directory, "in/file"), "");
      for (const name of ["both", "one"]) {
        expect(await engine.ok(["exec", name, "ls", "/m/in"])).toBe("file");
      }
      await engine.ok(["exec", "both", "sh", "-c", "mount -t tmpfs none /m/out && touch /m/out/file"]);
      expect(existsSync(join(directory, "out/file"))).toBe(true);
      await engine.ok(["exec", "one", "sh", "-c", "mount -t tmpfs none /m/alone && touch /m/alone/file"]);
      expect(existsSync(join(directory, "alone/file"))).toBe(false);
      // Nothing else of the container shows up on the host.
      expect(engine.traces().filter((line) => line.startsWith("mount:") && line.includes("rootfs"))).toEqual(
        [],
      );
    } finally {
      await engine.docker(["rm", "-f", "both", "one"]);
      execFileSync("umount", ["-R", directory]);
    }
  });

  test("take the mounts below along, read-only too, unless told otherwise", async () => {
    const directory = join(engine.directory, "deep");
    mkdirSync(join(directory, "below"), { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", join(directory, "below")]);
    writeFileSync(join(directory, "below/file"), "");
    const bind = (more: string): string => `type=bind,source=${directory},target=/m${more}`;
    const tries =
      "ls /m/below; touch /m/x 2>/dev/null && echo top; touch /m/below/y 2>/dev/null && echo below; true";
    try {
      const command = (...flags: string[]) => ["run", "--rm", ...flags, "busybox", "sh", "-c", tries];
      const asked = command("--mount", bind(",readonly"));
      expect(await engine.okSince(25, asked)).toBe("file");
      expect(await sh(tries, "-v", `${directory}:/m:ro`)).toBe("file");
      expect(await sh(tries, "--mount", bind(",readonly,bind-recursive=writable"))).toBe("file\nbelow");
      const forced = bind(",readonly,bind-recursive=readonly,bind-propagation=rprivate");
      expect(await sh(tries, "--mount", forced)).toBe("file\ny");
      expect(await sh(tries, "--mount", bind(",bind-recursive=disabled"))).toBe("top\nbelow");
      // Before version 1.44 of the API a read-only mount did not reach those below.
      if (dockerVersion < 25) expect(await engine.ok(asked)).toBe("file\ny\nbelow");
    } finally {
      execFileSync("umount", [join(directory, "below")]);
    }
  });

  test("show single files, read-only too, in places that the image lacks", async () => {
    const file = join(engine.directory, "single");
    writeFileSync(file, "one");
    const script = "cat /new/file /etc/hosts; echo x 2>/dev/null > /new/file || echo kept";
    const flags = [
      "-v",
      `${file}:/new/file:ro`,
      "--mount",
      `type=bind,source=${file},target=/etc/hosts,readonly`,
    ];
    expect(await sh(script, ...flags)).toBe("oneonekept");
    expect(await sh("echo two > /new/file", "-v", `${file}:/new/file`)).toBe("");
    expect(await Bun.file(file).text()).toBe("two\n");
  });

  test("make a missing source where that was asked, else refuse", async () => {
    const absent = join(engine.directory, "absent");
    const bind = `type=bind,source=${absent},target=/m`;
    const { code, stderr } = await refusal("--mount", bind);
    expect(code).toBe(125);
    expect(stderr).toContain(
      `invalid mount config for type "bind": bind source path does not exist: ${absent}`,
    );
    // The docker command line here does not know the word yet; ours does.
    await engine.gantryOk(["run", "--rm", "--mount", `${bind},bind-create-mountpoint`, "busybox", "true"]);
    expect(existsSync(absent)).toBe(true);
    await sh("true", "-v", `${absent}/made:/m`);
    expect(existsSync(`${absent}/made`)).toBe(true);
  });

  test("take Docker's words for labels and consistency, each kind once", async () => {
    for (const mode of ["z", "Z", "ro,z", "rw,Z,cached", "delegated", "consistent,rslave"]) {
      if (!mode.includes("rslave")) await sh("true", "-v", `/etc:/e:${mode}`);
    }
    for (const mode of ["ro,rw", "z,Z", "nope", "rshared,rslave", "nocopy"]) {
      const { code, stderr } = await refusal("-v", `/etc:/e:${mode}`);
      expect({ mode, code, stderr }).toEqual({
        mode,
        code: 125,
        stderr: expect.stringContaining(`invalid mode: ${mode}`),
      });
    }
  });
});

describe("volumes and memory", () => {
  test("are given as -v and --mount say", async () => {
    const flags = ["--mount", "type=volume,source=vol,target=/v,volume-label=a=b,volume-nocopy,readonly"];
    expect(await sh("touch /v/x 2>&1 || true", ...flags)).toContain("Read-only file system");
    expect(await engine.ok(["volume", "inspect", "-f", "{{json .Labels}}", "vol"])).toBe('{"a":"b"}');
    await sh("mkdir -p /v/sub && echo deep > /v/sub/file", "-v", "vol:/v");
    const sub = "type=volume,source=vol,target=/s,volume-subpath=sub";
    expect(await sh("cat /s/file", "--mount", sub)).toBe("deep");
    expect((await refusal("--mount", `${sub}ject`)).stderr).toContain("cannot access path subject");
    expect(
      await sh("ls /etc | head -1; ls /e | wc -l", "-v", "copied:/etc", "-v", "empty:/e:nocopy"),
    ).not.toBe("");
    await sh("true", "--volume-driver", "local", "-v", "driven:/d", "-v", "/anonymous");
    const unknown = await refusal("--volume-driver", "nonesuch", "-v", "xx:/x");
    expect(unknown.stderr).toContain('error looking up volume plugin nonesuch: plugin "nonesuch" not found');
    expect((await engine.ok(["volume", "ls", "-q"])).split("\n").sort()).toEqual([
      "copied",
      "driven",
      "empty",
      "vol",
    ]);
    await engine.ok(["volume", "rm", "copied", "driven", "empty", "vol"]);
  });

  test("come from other containers, read-only when asked", async () => {
    await engine.ok([
      "create",
      "--name",
      "donor",
      "-v",
      "given:/given",
      "-v",
      "/etc:/etc-of-host:ro",
      "busybox",
    ]);
    expect(
      await sh(
        "touch /given/a && ls /given; test -e /etc-of-host/passwd && echo ro",
        "--volumes-from",
        "donor",
      ),
    ).toBe("a\nro");
    expect(await sh("touch /given/b 2>&1 || true", "--volumes-from", "donor:ro")).toContain("Read-only");
    expect((await refusal("--volumes-from", "donor:what")).stderr).toContain("invalid mode: what");
    expect((await refusal("--volumes-from", "nobody")).stderr).toContain("No such container: nobody");
    await engine.ok(["rm", "donor"]);
    await engine.ok(["volume", "rm", "given"]);
  });

  test("in memory have size, mode and words", async () => {
    const flags = [
      "--mount",
      "type=tmpfs,target=/t,tmpfs-size=2m,tmpfs-mode=0750",
      "--tmpfs",
      "/u:size=1m,exec,uid=7",
    ];
    const lines = await sh(`${mountLine("/t")}; ${mountLine("/u")}; stat -c %a /t; stat -c %u /u`, ...flags);
    expect(lines).toMatch(/ \/t rw,nosuid,nodev,noexec.*size=2048k,mode=750/);
    expect(lines).toMatch(/ \/u rw,nosuid,nodev(?!,noexec).*size=1024k.*uid=7/);
    expect(lines).toEndWith("750\n7");
    expect((await refusal("--tmpfs", "/t:sise=1m")).stderr).toContain('invalid tmpfs option ["sise=1m"]');
    expect((await refusal("--tmpfs", "t")).stderr).toContain("mount path must be absolute");
  });

  test("are refused with options of another type, and of unknown types", async () => {
    const volumes = await engine.ok(["volume", "ls", "-q"]);
    const create = async (mount: object) =>
      await call(engine, "POST", "/v1.51/containers/create", {
        json: { Image: "busybox", HostConfig: { Mounts: [{ Target: "/m", ...mount }] } },
      });
    const cases: readonly (readonly [object, string])[] = [
      [{ Type: "bind", Source: "/etc", VolumeOptions: {} }, "field VolumeOptions must not be specified"],
      [{ Type: "volume", BindOptions: {} }, "field BindOptions must not be specified"],
      [{ Type: "tmpfs", ImageOptions: {} }, "field ImageOptions must not be specified"],
      [{ Type: "image", Source: "busybox", TmpfsOptions: {} }, "field TmpfsOptions must not be specified"],
      [{ Type: "image" }, "field Source must not be empty"],
      [{ Type: "tmpfs", Source: "/x" }, "field Source must not be specified"],
      [{ Type: "nonesuch" }, "mount type unknown"],
      [{ Type: "bind", Source: "etc" }, "invalid mount path: 'etc' mount path must be absolute"],
      [
        { Type: "bind", Source: "/etc", BindOptions: { Propagation: "odd" } },
        "invalid propagation mode: odd",
      ],
      [
        { Type: "bind", Source: "/etc", BindOptions: { ReadOnlyForceRecursive: true } },
        "requires ReadOnly to be set",
      ],
      [
        { Type: "volume", VolumeOptions: { Subpath: "a" } },
        "must not set Subpath when using anonymous volumes",
      ],
    ];
    for (const [mount, why] of cases) {
      const { status, body } = await create(mount);
      expect({ mount, status, message: body.message }).toEqual({
        mount,
        status: 400,
        message: expect.stringContaining(why),
      });
    }
    const twice = await refusal("-v", "/etc:/m", "--tmpfs", "/m");
    expect(twice.stderr).toContain("Duplicate mount point: /m");
    const options = { TmpfsOptions: { Options: [["exec"], ["uid", "9"]] } };
    const { body } = await create({ Type: "tmpfs", ...options });
    await engine.ok(["rm", body.Id]);
    expect(await engine.ok(["volume", "ls", "-q"])).toBe(volumes);
  });
});

describe("shared memory", () => {
  test("is shared with a container that joins the IPC namespace of a shareable one", async () => {
    await engine.ok([
      "run",
      "-d",
      "--name",
      "donor",
      "--ipc",
      "shareable",
      "--shm-size",
      "3m",
      "busybox",
      "sh",
      "-c",
      "echo word > /dev/shm/note; sleep 1000",
    ]);
    await eventually(
      "the note",
      async () => (await engine.docker(["exec", "donor", "test", "-s", "/dev/shm/note"])).code === 0,
    );
    const script = `cat /dev/shm/note; echo back > /dev/shm/answer; ${mountLine("/dev/shm")}`;
    expect(await sh(script, "--ipc", "container:donor")).toMatch(/^word\n.*size=3072k/);
    expect(await engine.ok(["exec", "donor", "cat", "/dev/shm/answer"])).toBe("back");
    await engine.ok(["rm", "-f", "donor"]);
  });

  test("is a container's own otherwise, of the size asked, or none at all", async () => {
    await engine.ok(["run", "-d", "--name", "private", "busybox", "sleep", "1000"]);
    const { stderr, code } = await refusal("--ipc", "container:private");
    expect(code).toBe(125);
    expect(stderr).toContain("non-shareable IPC (hint: use IpcMode:shareable for the donor container)");
    await engine.ok(["rm", "-f", "private"]);
    expect(await sh(mountLine("/dev/shm"))).toContain("size=65536k");
    expect(await sh(`${mountLine("/dev/shm")} || echo none`, "--ipc", "none")).toBe("none");
  });
});
