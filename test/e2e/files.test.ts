import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { call } from "./api-client.ts";
import { archive } from "./archive.ts";
import { dockerVersion } from "./docker-program.ts";
import { startEngine, type TestEngine } from "./harness.ts";

/** Before version 23 the docker command line has words of its own for what is not there. */
const notThere = (path: string): string =>
  dockerVersion < 23 ? "No such container:path: box:/" : `Could not find the file ${path} in container box`;

let engine: TestEngine;
let desk = "";
beforeAll(async () => {
  engine = await startEngine();
  desk = join(engine.directory, "desk");
  mkdirSync(join(desk, "tree/sub"), { recursive: true });
  writeFileSync(join(desk, "tree/file"), "one\n");
  writeFileSync(join(desk, "tree/sub/deep"), "two\n");
  symlinkSync("file", join(desk, "tree/link"));
  const script = [
    "mkdir /x; echo in > /x/file; ln -s /x/file /absolute; ln -s ../../../../x/file /relative; ln -s /nope /dangling",
    "ln -s /vol /to-volume; ln -s /read-only /to-read-only; ln -s / /root-link; exec sleep 1000",
  ];
  const mounts = [
    "-v",
    "files-vol:/vol",
    "-v",
    "files-vol:/read-only:ro",
    "--tmpfs",
    "/memory",
    "-v",
    `${desk}/tree:/bind`,
  ];
  await engine.ok([
    "run",
    "-d",
    "--name",
    "box",
    "--pid",
    "host",
    ...mounts,
    "busybox",
    "sh",
    "-c",
    script.join("; "),
  ]);
  await engine.ok([
    "run",
    "-d",
    "--name",
    "locked",
    "--read-only",
    "--user",
    "5:6",
    "-v",
    "files-vol:/vol",
    "busybox",
    "sleep",
    "1000",
  ]);
});
afterAll(async () => {
  await engine.docker(["rm", "-fv", "box", "locked"]);
  await engine[Symbol.asyncDispose]();
});

const inside = (...command: string[]): Promise<string> => engine.ok(["exec", "box", ...command]);
const copy = (...words: string[]) => engine.docker(["cp", ...words], { cwd: desk });
const ok = async (...words: string[]): Promise<void> => {
  const { code, stderr } = await copy(...words);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
};
const refusal = async (...words: string[]): Promise<string> => {
  const { code, stderr } = await copy(...words);
  expect(code).toBe(1);
  return stderr.trim().split("\n").at(-1) ?? "";
};

const read = async (from: string): Promise<string> => {
  await ok(from, "read");
  return readFileSync(join(desk, "read"), "utf8");
};

describe("cp out of a container", () => {
  test("takes files, links as links, and what they lead to with -L, resolved inside the container alone", async () => {
    await ok("box:/x/file", "plain");
    expect(readFileSync(join(desk, "plain"), "utf8")).toBe("in\n");
    await ok("box:/absolute", "as-link");
    expect(readlinkSync(join(desk, "as-link"))).toBe("/x/file");
    for (const link of ["absolute", "relative"]) {
      await ok("-L", `box:/${link}`, `followed-${link}`);
      expect(readFileSync(join(desk, `followed-${link}`), "utf8")).toBe("in\n");
    }
    await ok("box:/dangling", "dangling");
    expect(lstatSync(join(desk, "dangling")).isSymbolicLink()).toBe(true);
    expect(await refusal("-L", "box:/dangling", "nothing")).toContain(notThere("/nope"));
    expect(await refusal("box:/none", "nothing")).toContain(notThere("/none"));
    expect(await refusal("box:/x/file/", "nothing")).toContain(notThere("/x/file/"));
    expect(await refusal("nobody:/x", "nothing")).toMatch(/No such container(:path)?: nobody/);
  });

  test("follows the rules for slashes and streams as tar", async () => {
    await ok("box:/x", "whole");
    expect(existsSync(join(desk, "whole/file"))).toBe(true);
    mkdirSync(join(desk, "there"));
    await ok("box:/x", "there");
    expect(existsSync(join(desk, "there/x/file"))).toBe(true);
    await ok("box:/x/.", "there");
    expect(existsSync(join(desk, "there/file"))).toBe(true);
    const { stdout } = await copy("box:/x/file", "-");
    const listing = Bun.spawnSync(["tar", "t"], { stdin: Buffer.from(stdout, "latin1") }).stdout.toString();
    expect(listing).toBe("file\n");
  });

  test("finds the mark of a container, which is neither a change nor part of an image", async () => {
    expect(await inside("stat", "-c", "%s %a", "/.dockerenv")).toBe("0 755");
    expect(await engine.ok(["exec", "locked", "ls", "/.dockerenv"])).toBe("/.dockerenv");
    expect(await engine.ok(["diff", "box"])).not.toContain("dockerenv");
    await engine.ok(["commit", "box", "unmarked"]);
    const changed = await engine.gantryOk(["image", "diff", "busybox", "unmarked"]);
    expect(changed).toContain("x/file");
    expect(changed).not.toContain("dockerenv");
    await engine.ok(["rmi", "unmarked"]);
  });

  test("takes the whole of a running container, without what its kernel makes up", async () => {
    const names = async (path: string): Promise<string[]> => {
      const reply = await fetch(`http://engine/containers/box/archive?path=${path}`, { unix: engine.socket });
      const listed = Bun.spawnSync(["tar", "t"], { stdin: await reply.bytes() });
      expect(listed.exitCode).toBe(0);
      return listed.stdout.toString().split("\n");
    };
    const whole = await names("/");
    expect(whole.filter((name) => /^\/?(proc|sys)\/./.test(name))).toEqual([]);
    expect(whole.map((name) => name.replace(/^\//, ""))).toEqual(
      expect.arrayContaining(["bin/busybox", "proc/", "sys/", "x/file"]),
    );
    expect(await names("/sys")).toEqual(["sys/", ""]);
  });

  test("does not leave the container where a link points out of it, be it a process's root on the host", async () => {
    writeFileSync(join(engine.directory, "secret"), "secret");
    expect(await refusal(`box:/escape${engine.directory}/secret`, "-")).toMatch(
      /^(Error response from daemon: Could not find the file|Error: No such container:path: box:)/,
    );
    await copy("tree/file", "box:/escape/planted");
    expect(existsSync("/planted")).toBe(false);
  });

  test("tells what a path is in a header, to HEAD and to GET", async () => {
    for (const method of ["HEAD", "GET"]) {
      const stat = async (path: string) => {
        const answer = await call(engine, method, `/containers/box/archive?path=${encodeURIComponent(path)}`);
        expect(answer.status).toBe(200);
        return JSON.parse(
          Buffer.from(answer.headers.get("x-docker-container-path-stat") ?? "", "base64").toString(),
        );
      };
      expect(await stat("/x/file")).toMatchObject({ name: "file", size: 3, mode: 0o644, linkTarget: "" });
      expect((await stat("/x")).mode).toBe(2 ** 31 + 0o755);
      expect(await stat("/absolute")).toMatchObject({
        name: "absolute",
        mode: 2 ** 27 + 0o777,
        linkTarget: "/x/file",
      });
      expect(Date.parse((await stat("/x/file")).mtime)).toBeLessThanOrEqual(Date.now() + 1000);
    }
    const none = await call(engine, "HEAD", "/containers/box/archive?path=/none");
    expect(none.status).toBe(404);
    const empty = await call(engine, "GET", "/containers/box/archive?path=");
    expect([empty.status, empty.text]).toEqual([400, '{"message":"bad parameter: path cannot be empty"}\n']);
  });
});

describe("cp into a container", () => {
  test("follows the rules for slashes and kinds", async () => {
    await ok("tree", "box:/fresh");
    expect(await inside("cat", "/fresh/sub/deep")).toBe("two");
    expect(await inside("readlink", "/fresh/link")).toBe("file");
    await ok("tree", "box:/x");
    expect(await inside("cat", "/x/tree/file")).toBe("one");
    await ok("tree/.", "box:/x");
    expect(await inside("cat", "/x/sub/deep")).toBe("two");
    await ok("tree/file", "box:/x/renamed");
    expect(await inside("cat", "/x/renamed")).toBe("one");
    expect(await refusal("tree/file", "box:/none/")).toContain("no such directory");
    expect(await refusal("tree/file", "box:/none/file")).toContain(notThere("/none"));
    expect(await refusal("tree", "box:/x/file")).toContain("cannot copy directory");
    const bytes = await archive([{ name: "streamed", text: "by tar\n", uid: 7, gid: 8 }]);
    await engine.ok(["cp", "-", "box:/x"], { stdin: bytes });
    expect(await inside("stat", "-c", "%u:%g %s", "/x/streamed")).toBe("7:8 7");
  });

  test("keeps owners, and with -a gives all to the container's user where it was given one", async () => {
    const bytes = await archive([{ name: "owned", text: "by tar\n", uid: 7, gid: 8 }]);
    const owner = async (container: string, directory: string, ...flags: string[]): Promise<string> => {
      await engine.ok(["cp", ...flags, "-", `${container}:${directory}`], { stdin: bytes });
      return await engine.ok(["exec", container, "stat", "-c", "%u:%g", `${directory}/owned`]);
    };
    expect(await owner("box", "/x")).toBe("7:8");
    expect(await owner("box", "/x", "-a")).toBe("7:8");
    expect(await owner("locked", "/vol")).toBe("7:8");
    expect(await owner("locked", "/vol", "-a")).toBe("5:6");
  });

  test("does not put a file in the place of a directory, nor the reverse, when it is told not to", async () => {
    const put = async (name: string, type?: "directory") => {
      const body = await archive([{ name, ...(type ? { type } : { text: "x" }) }]);
      const reply = await fetch("http://engine/containers/box/archive?path=/x&noOverwriteDirNonDir=1", {
        method: "PUT",
        unix: engine.socket,
        body,
      });
      return reply.status;
    };
    await inside("sh", "-c", "mkdir -p /x/kind-directory; touch /x/kind-file");
    expect(await put("kind-directory")).toBeGreaterThanOrEqual(400);
    expect(await put("kind-file", "directory")).toBeGreaterThanOrEqual(400);
    expect(await inside("sh", "-c", "test -d /x/kind-directory && test -f /x/kind-file && echo kept")).toBe(
      "kept",
    );
  });

  test("reaches volumes, memory and binds, and is refused in Docker's words where nothing may be written", async () => {
    await ok("tree/file", "box:/vol/a");
    await ok("tree/file", "box:/to-volume/b");
    await ok("tree/file", "box:/memory/c");
    await ok("tree/sub/deep", "box:/bind/d");
    expect(await inside("cat", "/read-only/a", "/vol/b", "/memory/c")).toBe("one\none\none");
    expect(readFileSync(join(desk, "tree/d"), "utf8")).toBe("two\n");
    const words = "Error response from daemon: ";
    expect(await refusal("tree/file", "box:/read-only/e")).toBe(`${words}mounted volume is marked read-only`);
    expect(await refusal("tree/file", "box:/to-read-only/e")).toBe(
      `${words}mounted volume is marked read-only`,
    );
    expect(await refusal("tree/file", "locked:/e")).toBe(`${words}container rootfs is marked read-only`);
    await ok("tree/file", "locked:/vol/f");
    expect(await inside("cat", "/vol/f")).toBe("one");
    const bytes = await archive([{ name: "e", text: "x" }]);
    const reply = await fetch("http://engine/containers/locked/archive?path=/", {
      method: "PUT",
      unix: engine.socket,
      body: bytes,
    });
    expect(reply.status).toBe(403);
  });

  test("is safe while a hostile process swaps directories for links", async () => {
    const swap =
      "mkdir -p /swap/real; cd /swap; while test -e /swap; do ln -sfn /escape/tmp now; rm -f now; mkdir now; rmdir now; done";
    await inside("sh", "-c", `(${swap}) >/dev/null 2>&1 &`);
    const name = `planted-${engine.prefix}`;
    const bytes = await archive([{ name, text: "x" }]);
    await Promise.all(
      Array.from({ length: 12 }, () =>
        fetch("http://engine/containers/box/archive?path=/swap/now", {
          method: "PUT",
          unix: engine.socket,
          body: bytes,
        }),
      ),
    );
    await inside("sh", "-c", "until rm -rf /swap 2>/dev/null; do :; done");
    expect(existsSync(join("/tmp", name))).toBe(false);
  });
});

describe("the files of a container that does not run", () => {
  test("lie where the running one would see them, through links and read-only mounts too", async () => {
    await engine.ok(["stop", "-t", "0", "box"]);
    await ok("tree/file", "box:/to-volume/through-link");
    await ok("tree/file", "box:/vol/sub-of-volume");
    expect(await refusal("tree/file", "box:/read-only/e")).toContain("mounted volume is marked read-only");
    expect(await refusal("tree/file", "box:/to-read-only/e")).toContain("mounted volume is marked read-only");
    expect(await read("box:/to-volume/a")).toBe("one\n");
    expect(await read("box:/bind/file")).toBe("one\n");
    expect(await engine.ok(["exec", "locked", "cat", "/vol/through-link", "/vol/sub-of-volume"])).toBe(
      "one\none",
    );
    expect(await engine.ok(["diff", "box"])).not.toContain("through-link");
    await engine.ok(["create", "--name", "unborn", "-v", "files-vol:/made/for/it", "busybox", "true"]);
    await ok("tree/file", "unborn:/made/for/it/early");
    expect(await read("unborn:/made/for/it/early")).toBe("one\n");
    await ok("tree/file", "unborn:/root/early");
    expect(await engine.ok(["exec", "locked", "cat", "/vol/early"])).toBe("one");
    await engine.ok(["rm", "unborn"]);
    await engine.ok(["start", "box"]);
  });
});

describe("diff, export and commit", () => {
  test("see what the container changed, and nothing of its volumes", async () => {
    await engine.ok([
      "run",
      "--name",
      "changed",
      "-v",
      "files-vol:/vol",
      "busybox",
      "sh",
      "-c",
      "echo mine > /mine; echo more >> /etc/profile; rm /etc/group; touch /vol/not-mine",
    ]);
    const changes = (await engine.ok(["diff", "changed"])).split("\n");
    for (const change of ["A /mine", "D /etc/group", "C /etc"]) expect(changes).toContain(change);
    expect(changes.join("\n")).not.toContain("vol");
    await engine.ok(["export", "-o", "changed.tar", "changed"], { cwd: desk });
    const listing = Bun.spawnSync(["tar", "tf", join(desk, "changed.tar")]).stdout.toString();
    expect(listing).toContain("\nmine\n");
    expect(listing).not.toContain("not-mine");
    expect(listing).not.toContain("etc/group\n");
    await engine.ok(["rm", "changed"]);
  });

  test("a commit keeps author, message and changes, and freezes the container meanwhile unless told not to", async () => {
    await inside("sh", "-c", "echo kept > /committed");
    const actions = async (flag: string[]): Promise<string> => {
      await using events = engine.follow(["events", "--filter", "container=box", "--format", "{{.Action}}"]);
      const changes = [
        "-c",
        'CMD ["cat", "/committed"]',
        "-c",
        "ENV ADDED=yes",
        "-c",
        "LABEL l=v",
        "-c",
        "EXPOSE 81",
      ];
      await engine.ok(["commit", ...flag, "-a", "A. Author", "-m", "a message", ...changes, "box", "kept:1"]);
      await events.until("commit");
      return events.stdout;
    };
    await actions([]);
    expect(await engine.ok(["run", "--rm", "kept:1"])).toBe("kept");
    const image = JSON.parse(await engine.ok(["image", "inspect", "-f", "{{json .}}", "kept:1"]));
    expect(image).toMatchObject({ Author: "A. Author", Comment: "a message" });
    expect(image.Config.Labels).toEqual({ l: "v" });
    expect(image.Config.Env).toContain("ADDED=yes");
    expect(image.Config.ExposedPorts).toEqual({ "81/tcp": {} });
    expect(await engine.inspect("box", "{{.State.Status}}")).toBe("running");
    const asked = { Env: ["PATH=/mine"], StopSignal: "SIGINT", Healthcheck: { Test: ["NONE"] } };
    const { status } = await call(engine, "POST", "/commit?container=box&repo=asked", { json: asked });
    expect(status).toBe(201);
    expect(
      JSON.parse(await engine.ok(["image", "inspect", "-f", "{{json .Config}}", "asked"])),
    ).toMatchObject(asked);
    await engine.ok(["rmi", "asked"]);
    const bad = await engine.docker(["commit", "-c", "RUN true", "box"]);
    expect(bad.stderr).toContain("RUN is not a valid change command");
    await engine.ok(["rmi", "kept:1"]);
  });
});
