import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { startEngine, type TestEngine, writeFiles } from "./harness.ts";

let engine: TestEngine;
let contexts = 0;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const context = (files: Readonly<Record<string, string>>): string =>
  writeFiles(join(engine.directory, `context-${++contexts}`), files);
const lines = (...text: string[]): string => `${text.join("\n")}\n`;

for (const client of ["docker", "gantry"] as const) {
  const build = (...args: string[]) =>
    client === "docker" ? engine.docker(["build", ...args]) : engine.gantry(["build", ...args]);

  describe(`${client} build`, () => {
    test("carries out every instruction", async () => {
      const directory = context({
        Dockerfile: lines(
          "ARG BASE=busybox",
          "FROM $BASE",
          "ARG VERSION=1",
          'ENV COLOUR=green SHADE="dark green"',
          "LABEL made.by=test",
          "WORKDIR /srv/app",
          "COPY content.txt folder/ ./",
          'RUN echo "$COLOUR $VERSION" > made && mkdir deep && echo x > deep/file',
          "USER 1000:1000",
          "EXPOSE 8080",
          'ENTRYPOINT ["sh", "-c"]',
          'CMD ["cat content.txt inner.txt made; pwd; id -u; echo $SHADE"]',
        ),
        "content.txt": "content\n",
        "folder/inner.txt": "inner\n",
      });
      const built = await build("-t", `all:${client}`, "--build-arg", "VERSION=2", directory);
      expect(built.code, built.stderr).toBe(0);
      const text = await engine.ok(["run", "--rm", `all:${client}`]);
      expect(text.split("\n")).toEqual(["content", "inner", "green 2", "/srv/app", "1000", "dark green"]);
      const config = await engine.inspect(
        `all:${client}`,
        '{{.Config.User}} {{.Config.WorkingDir}} {{index .Config.Labels "made.by"}} {{json .Config.ExposedPorts}}',
      );
      expect(config).toBe('1000:1000 /srv/app test {"8080/tcp":{}}');
    });

    test("uses what it has made, and only as far as the content is the same", async () => {
      const files = {
        Dockerfile: lines(
          "FROM busybox",
          "COPY a.txt /",
          "RUN date +%s%N > /made && cat /proc/sys/kernel/random/uuid > /id",
          "COPY b.txt /",
        ),
        "a.txt": `a ${client}`,
        "b.txt": `b ${client}`,
      };
      const directory = context(files);
      const id = async (): Promise<string> => {
        const built = await build("-t", `cached:${client}`, directory);
        expect(built.code, built.stderr).toBe(0);
        return await engine.ok(["run", "--rm", `cached:${client}`, "cat", "/id"]);
      };
      const first = await id();
      expect(await id()).toBe(first);
      const layers = await engine.inspect(`cached:${client}`, "{{json .RootFS.Layers}}");
      writeFiles(directory, { "b.txt": "changed" });
      expect(await id()).toBe(first);
      const later = await engine.inspect(`cached:${client}`, "{{json .RootFS.Layers}}");
      expect(JSON.parse(later).slice(0, 3)).toEqual(JSON.parse(layers).slice(0, 3));
      expect(JSON.parse(later)[3]).not.toBe(JSON.parse(layers)[3]);
      writeFiles(directory, { "a.txt": "changed" });
      expect(await id()).not.toBe(first);
    });
  });
}

describe("a build", () => {
  test("of the docker command line prints its steps, and what it took from the cache", async () => {
    const directory = context({
      Dockerfile: lines("FROM busybox", "RUN echo made of $((20+22))", 'CMD ["true"]'),
    });
    const first = await engine.docker(["build", "-t", "steps", directory]);
    expect(first.stdout).toContain("Step 1/3 : FROM busybox");
    expect(first.stdout).toContain("made of 42");
    expect(first.stdout).toMatch(/Successfully built [0-9a-f]{12}\nSuccessfully tagged steps:latest/);
    const second = await engine.docker(["build", "-t", "steps", directory]);
    expect(second.stdout).toContain("Using cache");
    expect(second.stdout).not.toContain("made of 42");
    expect((await engine.docker(["build", "--no-cache", "-t", "steps", directory])).stdout).toContain(
      "made of 42",
    );
    expect(await engine.ok(["build", "-q", directory])).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test("takes a stage's files into another, and runs only the stages that it needs", async () => {
    const dockerfile = lines(
      "FROM busybox AS builder",
      "RUN echo built > /result",
      "FROM busybox AS unused",
      "RUN exit 1",
      "FROM busybox AS final",
      "COPY --from=builder /result /result",
      "FROM final AS extra",
      "RUN echo extra >> /result",
    );
    const directory = context({ Dockerfile: dockerfile });
    await engine.ok(["build", "-t", "staged", "--target", "final", directory]);
    expect(await engine.ok(["run", "--rm", "staged", "cat", "/result"])).toBe("built");
    await engine.ok(["build", "-t", "extra", directory]);
    expect(await engine.ok(["run", "--rm", "extra", "cat", "/result"])).toBe("built\nextra");
  });

  test("leaves out what .dockerignore names", async () => {
    const directory = context({
      Dockerfile: lines("FROM busybox", "COPY . /all/", 'CMD ["find", "/all", "-type", "f"]'),
      ".dockerignore": lines("# a comment", "*.log", "!keep.log", "secret", "**/*.tmp"),
      "a.txt": "",
      "b.log": "",
      "keep.log": "",
      "secret/key": "",
      "deep/er/x.tmp": "",
      "deep/er/y.txt": "",
    });
    for (const client of ["docker", "gantry"] as const) {
      const args = ["build", "-t", "ignored", directory];
      await (client === "docker" ? engine.ok(args) : engine.gantryOk(args));
      const files = (await engine.ok(["run", "--rm", "ignored"])).split("\n").sort();
      expect(files).toEqual([
        "/all/.dockerignore",
        "/all/Dockerfile",
        "/all/a.txt",
        "/all/deep/er/y.txt",
        "/all/keep.log",
      ]);
    }
  });

  test("takes its Dockerfile from elsewhere in the context, or from standard input", async () => {
    const directory = context({ "docker/Other": lines("FROM busybox", "COPY file /"), file: "text" });
    await engine.ok(["build", "-t", "other", "-f", join(directory, "docker/Other"), directory]);
    expect(await engine.ok(["run", "--rm", "other", "cat", "/file"])).toBe("text");
    await engine.ok(["build", "-t", "piped", "-"], {
      stdin: lines("FROM busybox", "RUN echo piped > /file"),
    });
    expect(await engine.ok(["run", "--rm", "piped", "cat", "/file"])).toBe("piped");
  });

  test("deletes what a later layer deletes", async () => {
    const dockerfile = lines(
      "FROM busybox",
      "RUN mkdir /d /e && echo 1 > /d/a && echo 1 > /d/b && echo 1 > /e/old",
      "RUN rm /d/a && rm -r /e && mkdir /e && echo 2 > /e/new",
    );
    await engine.ok(["build", "-t", "deleted", context({ Dockerfile: dockerfile })]);
    const probe = ["run", "--rm", "deleted", "sh", "-c", "ls /d /e"];
    expect((await engine.docker(probe)).stdout).toBe("/d:\nb\n\n/e:\nnew\n");
    const file = join(engine.directory, "deleted.tar");
    await engine.ok(["save", "-o", file, "deleted"]);
    await engine.ok(["rmi", "deleted"]);
    await engine.ok(["load", "-i", file]);
    expect((await engine.docker(probe)).stdout).toBe("/d:\nb\n\n/e:\nnew\n");
  });

  test("reaches other containers' names and nothing of the host's files", async () => {
    const dockerfile = lines(
      "FROM busybox",
      "RUN hostname > /name && test ! -e /proc/1/root/root/.bashrc && ip addr show eth0 > /addr",
    );
    await engine.ok(["build", "-t", "inside", context({ Dockerfile: dockerfile })]);
    expect(await engine.ok(["run", "--rm", "inside", "cat", "/addr"])).toContain("inet ");
  });

  test("that fails says where, with the command's exit code, and changes no tag", async () => {
    const directory = context({ Dockerfile: lines("FROM busybox", "RUN echo one > /file") });
    await engine.ok(["build", "-t", "stays", directory]);
    const id = await engine.inspect("stays", "{{.Id}}");
    writeFiles(directory, { Dockerfile: lines("FROM busybox", "RUN echo two > /file", "RUN exit 7") });
    const failed = await engine.docker(["build", "-t", "stays", directory]);
    expect(failed.code).not.toBe(0);
    expect(failed.stdout + failed.stderr).toContain(
      "The command '/bin/sh -c exit 7' returned a non-zero code: 7",
    );
    expect(await engine.inspect("stays", "{{.Id}}")).toBe(id);
    expect(await engine.ok(["ps", "-aq"])).toBe("");
  });

  const broken: readonly [string, string, RegExp][] = [
    ["an unknown instruction", lines("FROM busybox", "FETCH it"), /unknown instruction: FETCH/i],
    ["no FROM", lines("RUN true"), /no build stage in current context|FROM/],
    ["a file that is not in the context", lines("FROM busybox", "COPY nothing.txt /"), /nothing\.txt/],
    [
      "a way out of the context",
      lines("FROM busybox", "COPY ../../etc/passwd /"),
      /forbidden path|not found|no such file/i,
    ],
    ["an unknown stage", lines("FROM busybox", "COPY --from=nowhere /a /b"), /nowhere/],
    ["nothing at all", "\n", /empty|no instructions/i],
  ];
  for (const [what, Dockerfile, message] of broken) {
    test(`with ${what} is refused with a clear text`, async () => {
      const { code, stdout, stderr } = await engine.docker([
        "build",
        "-t",
        "broken",
        context({ Dockerfile }),
      ]);
      expect(code).not.toBe(0);
      expect(stdout + stderr).toMatch(message);
      expect((await engine.docker(["image", "inspect", "broken"])).code).toBe(1);
    });
  }

  test("of a hostile context stays inside it", async () => {
    const directory = context({
      Dockerfile: lines("FROM busybox", "COPY link /stolen", "RUN cat /stolen || true"),
    });
    await Bun.$`ln -s /etc/hostname ${join(directory, "link")}`;
    const { stdout, stderr } = await engine.docker(["build", "-t", "thief", directory]);
    const secret = (await Bun.file("/etc/hostname").text()).trim();
    const holds = await engine.docker(["run", "--rm", "thief", "cat", "/stolen"]);
    expect(`${stdout}${stderr}${holds.stdout}`.split("\n")).not.toContain(secret);
  });
});
