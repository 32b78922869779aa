import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { isKind, shortID } from "../base/index.ts";
import { BuilderFixture } from "./builder.fixture.ts";
import { CommandError, DockerfileError } from "./index.ts";

let fixture: BuilderFixture;
beforeAll(async () => {
  fixture = await BuilderFixture.open();
});
afterEach(async () => {
  expect(await fixture.remains()).toEqual([]);
});
afterAll(async () => await fixture[Symbol.asyncDispose]());

/** Output with everything that differs from run to run replaced. */
function plain(output: string): string {
  return output.replace(/\b[0-9a-f]{12}\b/g, "<id>");
}

describe("a build", () => {
  test("runs commands, copies files and says so in the classic words", async () => {
    const dockerfile = `FROM base
ENV GREETING=hello
WORKDIR /app
COPY a.txt sub/ ./
RUN echo $GREETING > said && cat said
CMD ["cat", "said"]
`;
    const files = { "a.txt": "a", "sub/b.txt": { text: "b", mode: 0o600 } };
    const { id, output } = await fixture.build(dockerfile, files, { tags: ["Me".toLowerCase(), "me:2"] });
    expect(plain(output)).toBe(`Step 1/6 : FROM base
 ---> <id>
Step 2/6 : ENV GREETING=hello
 ---> <id>
Step 3/6 : WORKDIR /app
 ---> <id>
Step 4/6 : COPY a.txt sub/ ./
 ---> <id>
Step 5/6 : RUN echo $GREETING > said && cat said
 ---> Running in <id>
hello
 ---> Removed intermediate container <id>
 ---> <id>
Step 6/6 : CMD ["cat", "said"]
 ---> <id>
Successfully built <id>
Successfully tagged me:latest
Successfully tagged me:2
`);
    const image = fixture.services.images.get("me");
    expect(output.split(" ---> ").at(-1)).toStartWith(shortID(id));
    expect(image.id).toBe(fixture.services.images.get("me:2").id);
    expect(String(image.id)).toBe(id);
    expect(image.config.config).toEqual({
      Cmd: ["cat", "said"],
      Env: ["PATH=/bin", "GREETING=hello"],
      WorkingDir: "/app",
    });
    expect(await fixture.files("me", "/app")).toEqual({
      "a.txt": '644 0:0 "a"',
      "b.txt": '600 0:0 "b"',
      said: '644 0:0 "hello\\n"',
    });
    expect((await fixture.layerNames("me")).map((names) => names.filter((name) => name !== "."))).toEqual([
      ["app"],
      ["app", "app/a.txt", "app/b.txt"],
      ["app", "app/said"],
    ]);
    const history = image.config.history
      ?.slice(-5)
      .map((entry) => [entry.created_by, entry.empty_layer ?? false]);
    expect(history).toEqual([
      ["ENV GREETING=hello", true],
      ["WORKDIR /app", false],
      ["COPY a.txt sub/ ./", false],
      ["RUN /bin/sh -c echo $GREETING > said && cat said", false],
      ['CMD ["cat" "said"]', true],
    ]);
  });
});

/** The failure of a build and what it had said until then. */
async function failure(work: Promise<unknown>): Promise<Error & { output: string }> {
  const thrown: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof Error && "output" in thrown && typeof thrown.output === "string") {
    return Object.assign(thrown, { output: thrown.output });
  }
  throw new Error(`expected a failed build, got ${String(thrown)}`);
}

/** What the steps of a build say beyond their headers: `run`, `cached` or `config`. */
function fates(output: string): string[] {
  return output
    .split(/^Step .*$/m)
    .slice(1)
    .map((text) => (text.includes("Running in") ? "run" : text.includes("Using cache") ? "cached" : "done"));
}

describe("the cache", () => {
  const dockerfile = `FROM base
ARG V=1
COPY src /src
RUN cat /src/a > /out
LABEL a=b
RUN echo $V > /v
`;
  const files = { "src/a": "one", "src/b": "two" };

  test("gives the same image when nothing changed, times of files apart", async () => {
    const first = await fixture.build(dockerfile, files);
    expect(fates(first.output)).toEqual(["done", "done", "done", "run", "done", "run"]);
    const second = await fixture.build(dockerfile, files, { tags: ["again"] });
    expect(fates(second.output)).toEqual(["done", "cached", "cached", "cached", "cached", "cached"]);
    expect(second.id).toBe(first.id);
  });

  test("reruns what stands on a changed file, and nothing before it", async () => {
    await fixture.build(dockerfile, files);
    const { output } = await fixture.build(
      dockerfile,
      { ...files, "src/a": "changed" },
      { tags: ["changed"] },
    );
    expect(fates(output)).toEqual(["done", "cached", "done", "run", "done", "run"]);
    expect((await fixture.files("changed")).out).toBe('644 0:0 "changed"');
  });

  test("reruns a command whose arguments changed, not one below a new label", async () => {
    await fixture.build(dockerfile, files);
    const argued = await fixture.build(dockerfile, files, { buildArgs: { V: "2" }, tags: ["argued"] });
    expect(fates(argued.output)).toEqual(["done", "done", "cached", "run", "done", "run"]);
    expect((await fixture.files("argued")).v).toBe('644 0:0 "2\\n"');
    const labelled = await fixture.build(dockerfile.replace("a=b", "a=c"), files);
    expect(fates(labelled.output)).toEqual(["done", "cached", "cached", "cached", "done", "cached"]);
  });

  test("is not asked with no-cache, and serves again afterwards", async () => {
    const first = await fixture.build(dockerfile, files);
    const fresh = await fixture.build(dockerfile, files, { noCache: true });
    expect(fates(fresh.output)).toEqual(["done", "done", "done", "run", "done", "run"]);
    expect(fresh.id).not.toBe(first.id);
    expect((await fixture.build(dockerfile, files)).id).toBe(fresh.id);
  });

  test("is not even needed for copies to give the same layers", async () => {
    const text =
      "FROM base\nWORKDIR /w/x\nCOPY src a.txt ./\nCOPY <<f /etc/\nx\nf\nFROM scratch\nCOPY --from=0 /w /w\n";
    const context = { ...files, "a.txt": "a", "src/deep/er": "x" };
    const archive: Uint8Array[] = [];
    for await (const chunk of fixture.context({ Dockerfile: text, ...context })) archive.push(chunk);
    const stacks = [];
    for (const target of ["0", "0", "1", "1"]) {
      const { id } = await fixture.build("", {}, { noCache: true, target, context: replay(archive) });
      stacks.push(fixture.services.images.get(id).config.rootfs.diff_ids);
    }
    expect(stacks[1]).toEqual(stacks[0]);
    expect(stacks[3]).toEqual(stacks[2]);
  });

  test("finds a copy from a stage by content when the stage was made anew", async () => {
    const text = (salt: string) => `FROM base AS made
RUN echo ${salt} && echo same > /result
FROM base
COPY --from=made /result /
RUN cat /result
`;
    const first = await fixture.build(text("x"));
    expect(fates(first.output)).toEqual(["done", "run", "done", "done", "run"]);
    const second = await fixture.build(text("y"));
    expect(fates(second.output)).toEqual(["done", "run", "done", "cached", "cached"]);
    expect(second.id).toBe(first.id);
  });

  test("lets two builds of the same run each step once", async () => {
    const text = "FROM base\nRUN echo together && sleep 0.2\n";
    const [one, two] = await Promise.all([fixture.build(text), fixture.build(text)]);
    expect([...fates(one.output), ...fates(two.output)].filter((fate) => fate === "run")).toEqual(["run"]);
    expect(one.id).toBe(two.id);
  });

  test("is forgotten by prune, what images use unless all of it", async () => {
    await fixture.build("FROM base\nRUN echo kept > /kept\n", {}, { tags: ["kept"] });
    await fixture.build("FROM base\nRUN echo lost > /lost\n", {}, { tags: ["lost"] });
    const options = { force: true, usedBy: () => [] };
    await fixture.services.images.remove("lost", options);
    const { caches, bytes } = await fixture.builder.prune({ all: false });
    expect(caches.length).toBeGreaterThan(0);
    expect(bytes).toBeGreaterThan(0);
    expect(fates((await fixture.build("FROM base\nRUN echo kept > /kept\n")).output)).toEqual([
      "done",
      "cached",
    ]);
    expect(fates((await fixture.build("FROM base\nRUN echo lost > /lost\n")).output)).toEqual([
      "done",
      "run",
    ]);
    await fixture.builder.prune({ all: true });
    expect(fixture.builder.roots()).toEqual({ chainIDs: new Set(), digests: new Set() });
    await fixture.services.images.collect(fixture.builder.roots());
    expect(fates((await fixture.build("FROM base\nRUN echo kept > /kept\n")).output)).toEqual([
      "done",
      "run",
    ]);
  });
});

async function* replay(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

describe("stages", () => {
  test("that nothing needs never run, others side by side, with their words in order", async () => {
    const dockerfile = `FROM base AS one
RUN echo in one > /one
FROM base AS never
RUN false
FROM base AS two
RUN echo in two && cat /etc/hostname > /two
FROM scratch
COPY --from=one /one /
COPY --from=2 /two /*ones /
`;
    const good = dockerfile.replace(" /*ones", "");
    const { id, output } = await fixture.build(good);
    expect(plain(output)).toContain(
      "Step 2/7 : RUN echo in one > /one\n ---> Running in <id>\n ---> Removed",
    );
    expect(output).not.toContain("false");
    expect(Object.keys(await fixture.files(id))).toEqual(["one", "two"]);
    const config = fixture.services.images.get(id).config;
    expect(config.config?.Env).toEqual(["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]);
    expect(config.history?.length).toBe(2);
    const error = await failure(fixture.build(dockerfile));
    expect(error.message).toContain("COPY failed: no source files were specified");
  });

  test("end at the target", async () => {
    const { id, output } = await fixture.build(
      "FROM base AS a\nRUN touch /a\nFROM a\nRUN false\n",
      {},
      { target: "a" },
    );
    expect(fates(output)).toEqual(["done", "run"]);
    expect(await fixture.files(id)).toHaveProperty("a");
  });

  test("may copy from images that are here", async () => {
    await fixture.build("FROM scratch\nCOPY x /dir/\n", { x: "from elsewhere" }, { tags: ["elsewhere"] });
    const { id } = await fixture.build("FROM base\nCOPY --from=elsewhere /dir /got\n");
    expect(await fixture.files(id, "/got")).toEqual({ x: '644 0:0 "from elsewhere"' });
  });

  test("keep the owners of what they copy, unless told otherwise", async () => {
    const { id } = await fixture.build(
      `FROM base AS made
RUN mkdir /d && echo x > /d/f && chown 7:8 /d/f && chmod 4750 /d/f
FROM scratch
COPY --from=made /d /kept
COPY --from=made --chown=3:4 --chmod=u+x,o= /d /given
`.replace("chown 7:8", "/bin/busybox chown 7:8"),
    );
    expect(await fixture.files(id)).toEqual({
      given: "directory 750 3:4",
      "given/f": '4750 3:4 "x\\n"',
      kept: "directory 755 0:0",
      "kept/f": '4750 7:8 "x\\n"',
    });
  });

  test("run the triggers of their base image", async () => {
    await fixture.build(
      "FROM base\nONBUILD COPY app /app\nONBUILD RUN cat /app\n",
      {},
      { tags: ["trigger"] },
    );
    const { id, output } = await fixture.build("FROM trigger\nCMD x\n", { app: "triggered\n" });
    expect(output).toContain("Step 1/2 : FROM trigger\n# Executing 2 build triggers\n");
    expect(output).toContain("triggered\n");
    expect(fixture.services.images.get(id).config.config?.OnBuild).toBeUndefined();
  });

  test("that change nothing are their base image", async () => {
    const { id } = await fixture.build("FROM base\n", {}, { tags: ["same"] });
    const base = fixture.services.images.get("base");
    expect(String(base.id)).toBe(id);
    expect(fixture.services.images.get("same").id).toBe(base.id);
  });
});

describe("COPY and ADD", () => {
  const files = { "a.txt": "a", "b.txt": "b", "dir/c.md": "c", "dir/deep/d.txt": "d", "dir/link": "-> c.md" };

  async function copied(
    lines: string,
    more: Parameters<typeof fixture.build>[1] = {},
  ): Promise<Record<string, string>> {
    const { id } = await fixture.build(`FROM scratch\n${lines}\n`, { ...files, ...more });
    return await fixture.files(id);
  }

  test("a file becomes the destination, or goes into a directory", async () => {
    expect(await copied("COPY a.txt /x/y\nCOPY b.txt /x/\nCOPY a.txt /x")).toEqual({
      x: "directory 755 0:0",
      "x/a.txt": '644 0:0 "a"',
      "x/b.txt": '644 0:0 "b"',
      "x/y": '644 0:0 "a"',
    });
  });

  test("a directory's content is copied, links stay links, patterns match", async () => {
    expect(await copied("COPY dir /d\nCOPY *.txt dir/*.md /all/")).toEqual({
      all: "directory 755 0:0",
      "all/a.txt": '644 0:0 "a"',
      "all/b.txt": '644 0:0 "b"',
      "all/c.md": '644 0:0 "c"',
      d: "directory 755 0:0",
      "d/c.md": '644 0:0 "c"',
      "d/deep": "directory 755 0:0",
      "d/deep/d.txt": '644 0:0 "d"',
      "d/link": "symlink 777 0:0 c.md",
    });
  });

  test("sources stay in the context, whatever links and dots say", async () => {
    const hostile = { out: "-> ../../../../../../etc/passwd", abs: "-> /etc/passwd", "etc/passwd": "inside" };
    expect(await copied("COPY ../../../a.txt abs /x/", hostile)).toEqual({
      x: "directory 755 0:0",
      "x/a.txt": '644 0:0 "a"',
      "x/abs": '644 0:0 "inside"',
    });
    expect(await copied("COPY out /", { out: hostile.out, "etc/passwd": "inside" })).toEqual({
      out: '644 0:0 "inside"',
    });
    const error = await failure(fixture.build("FROM scratch\nCOPY out /\n", { out: hostile.out }));
    expect(error.message).toContain(
      "COPY failed: file not found in build context or excluded by .dockerignore: stat out: file does not exist",
    );
  });

  test("owners are resolved in the image, modes may be changed, patterns left out", async () => {
    const { id } = await fixture.build(
      "FROM base\nCOPY --chown=me --chmod=0640 --exclude=*.txt a.txt dir /new/\nCOPY --chown=me:staff b.txt /new/b\nCOPY --chown=9 b.txt /new/9\n",
      files,
    );
    expect(await fixture.files(id, "/new")).toEqual({
      "9": '644 9:9 "b"',
      b: '644 1000:50 "b"',
      "c.md": '640 1000:1001 "c"',
      deep: "directory 640 1000:1001",
      "deep/d.txt": '640 1000:1001 "d"',
      link: "symlink 777 1000:1001 c.md",
    });
    const error = await failure(fixture.build("FROM base\nCOPY --chown=nobody a.txt /\n", files));
    expect(error).toBeInstanceOf(DockerfileError);
    expect(error.message).toContain("unable to find user nobody");
    expect(error.message).toContain("Dockerfile:2:1");
  });

  test("what the ignore file excludes is not there", async () => {
    const ignoring = { ".dockerignore": "*.txt\n!b.txt\ndir/*\n!dir/c.md\nDockerfile\n.dockerignore\n" };
    expect(await copied("COPY . /", ignoring)).toEqual({
      "b.txt": '644 0:0 "b"',
      dir: "directory 755 0:0",
      "dir/c.md": '644 0:0 "c"',
    });
    const error = await failure(fixture.build("FROM scratch\nCOPY a.txt /\n", { ...files, ...ignoring }));
    expect(error.message).toContain("excluded by .dockerignore: stat a.txt: file does not exist");
    const other = { ...files, ".dockerignore": "*", "other/x.Dockerfile": "FROM scratch\nCOPY *.txt /\n" };
    const special = { ...other, "other/x.Dockerfile.dockerignore": "a.txt" };
    const { id } = await fixture.build("", special, { dockerfile: "other/x.Dockerfile" });
    expect(await fixture.files(id)).toEqual({ "b.txt": '644 0:0 "b"' });
  });

  test("links in the way to the destination are followed inside the image", async () => {
    const { id } = await fixture.build(
      "FROM base\nRUN mkdir -p /usr/lib && /bin/busybox ln -s usr/lib /lib && /bin/busybox ln -s /lib/x /x\nCOPY a.txt /lib/\nCOPY dir /x/\n",
      files,
    );
    const found = await fixture.files(id);
    expect(found.lib).toBe("symlink 777 0:0 usr/lib");
    expect(found["usr/lib/a.txt"]).toBe('644 0:0 "a"');
    expect(found.x).toBe("symlink 777 0:0 /lib/x");
    expect(found["usr/lib/x/c.md"]).toBe('644 0:0 "c"');
  });

  test("hard links of a stage stay together", async () => {
    const { id } = await fixture.build(
      "FROM base AS made\nRUN mkdir /h && echo x > /h/a && /bin/busybox ln /h/a /h/b\nFROM scratch\nCOPY --from=made /h /deep/h\n",
    );
    const found = await fixture.files(id);
    expect(found["deep/h/a"]).toBe('644 0:0 "x\\n"');
    expect(found["deep/h/b"]).toBe("link 644 0:0 top/deep/h/a");
  });

  test("a copy of the whole context is the same whatever was ignored on the way", async () => {
    const text = "FROM scratch\nCOPY . /new/\n";
    const stacks = [];
    for (const extra of [{}, { "dir/ignored": "1" }, { "dir/ignored": "2", ignored: "3" }]) {
      const context = { ...files, ".dockerignore": "**/ignored\nDockerfile", ...extra };
      const { id } = await fixture.build(text, context, { noCache: true });
      stacks.push(Object.keys(await fixture.files(id)));
    }
    expect(stacks[1]).toEqual(stacks[0] ?? []);
    expect(stacks[2]).toEqual(stacks[0] ?? []);
  });

  test("heredocs become files", async () => {
    expect(await copied('ARG N=world\nCOPY <<hello <<"raw" /f/\nhi $N\nhello\n$N\nraw')).toEqual({
      f: "directory 755 0:0",
      "f/hello": '644 0:0 "hi world\\n"',
      "f/raw": '644 0:0 "$N\\n"',
    });
  });

  test("ADD extracts archives by content and copies everything else", async () => {
    const make = `FROM base
RUN mkdir /in && echo x > /in/x && /bin/busybox tar -cf /plain -C /in . && /bin/busybox tar -czf /packed -C /in .
`;
    await fixture.build(make, {}, { tags: ["archives"] });
    const { chainID } = fixture.services.images.get("archives");
    const mounts = chainID ? await fixture.services.snapshots.view(chainID) : [];
    const { readTreeFile } = await import("../snapshot/index.ts");
    const archives: Record<string, Uint8Array> = {};
    for (const name of ["plain", "packed"]) {
      const bytes = await readTreeFile(mounts, `/${name}`);
      if (bytes) archives[name] = bytes;
    }
    const text = "FROM scratch\nADD plain /p/\nADD packed /q\nADD a.txt noise.gz /r/\n";
    const { id } = await fixture.build(text, { ...files, ...archives, "noise.gz": "no gzip" });
    const found = await fixture.files(id);
    expect(found["p/x"]).toBe('644 0:0 "x\\n"');
    expect(found["q/x"]).toBe('644 0:0 "x\\n"');
    expect(found["r/noise.gz"]).toBe('644 0:0 "no gzip"');
    const { id: copied } = await fixture.build("FROM scratch\nCOPY packed /q/\n", { ...files, ...archives });
    expect(Object.keys(await fixture.files(copied))).toEqual(["q", "q/packed"]);
  });

  test("a directory never takes the place of something else", async () => {
    const error = await failure(fixture.build("FROM base\nCOPY dir /bin/sh\n", files));
    expect(error.message).toContain("cannot copy to non-directory: /bin/sh");
    const other = await failure(fixture.build("FROM base\nCOPY dir /\n", { "dir/bin": "x" }));
    expect(other.message).toContain("cannot overwrite directory");
  });
});

describe("RUN", () => {
  test("fails in Docker's words with the command's code, and leaves names as they were", async () => {
    const error = await failure(
      fixture.build("FROM base\nRUN echo before && exit 3\n", {}, { tags: ["never"] }),
    );
    expect(error).toBeInstanceOf(CommandError);
    expect(error.message).toBe("The command '/bin/sh -c echo before && exit 3' returned a non-zero code: 3");
    expect(error instanceof CommandError && error.exitCode).toBe(3);
    expect(error.output).toContain("before\n");
    expect(fixture.services.images.find("never")).toBeUndefined();
  });

  test("fails with 127 when the command is not there", async () => {
    const error = await failure(fixture.build('FROM base\nRUN ["/nope"]\n'));
    expect(error instanceof CommandError && error.exitCode).toBe(127);
    expect(error.message).toContain("/nope");
  });

  test("sees user, directory, arguments, variables and name", async () => {
    const { output } = await fixture.build(
      `FROM base
ARG A=arg
ENV E=env
WORKDIR /w
RUN pwd && echo $A $E $HOME $HTTP_PROXY
USER me:staff
RUN id && echo $HOME && [ "$(hostname)" = "$(cat /etc/hostname)" ] && cat /etc/hosts
`,
      {},
      { buildArgs: { HTTP_PROXY: "http://proxy" }, extraHosts: ["db:10.1.2.3"] },
    );
    expect(output).toContain("/w\narg env /root http://proxy\n");
    expect(output).toContain("uid=1000(me) gid=50(staff) groups=50(staff)\n/home/me\n");
    expect(output).toContain("10.1.2.3\tdb\n");
  });

  test("leaves no mount points in its layer", async () => {
    const { id } = await fixture.build("FROM base\nRUN cat /etc/resolv.conf > /dev/null && touch /x\n");
    expect((await fixture.layerNames(id)).map((names) => names.filter((name) => name !== "."))).toEqual([
      ["x"],
    ]);
    const { id: kept } = await fixture.build("FROM base\nRUN echo 1 > /etc/mine && chmod 700 /etc\n");
    expect(await fixture.layerNames(kept)).toEqual([[".", "etc", "etc/mine"]]);
  });

  test("cannot lead the engine out of the tree with links in the place of mount points", async () => {
    const { id } = await fixture.build(
      "FROM base\nRUN rm -rf /tmp && /bin/busybox ln -s / /tmp && touch /y\n",
    );
    expect((await fixture.files(id)).tmp).toBe("symlink 777 0:0 /");
  });

  test("takes heredocs as text and as scripts", async () => {
    const { output } = await fixture.build(`FROM base
RUN <<EOF
echo one
echo two
EOF
RUN <<EOF
#!/bin/cat
echo printed
EOF
RUN cat <<A && cat <<B
first
A
second
B
`);
    expect(output).toContain("one\ntwo\n");
    expect(output).toContain("#!/bin/cat\necho printed\n");
    expect(output).toContain("first\nsecond\n");
  });

  test("keeps cache mounts from build to build and out of the layer", async () => {
    const text = (salt: string) =>
      `FROM base\nRUN --mount=type=cache,target=/c echo ${salt} >> /c/log && cat /c/log\n`;
    await fixture.build(text("one"));
    const { id, output } = await fixture.build(text("two"));
    expect(output).toContain("one\ntwo\n");
    expect(Object.keys(await fixture.files(id))).not.toContain("c");
  });

  test("sees bind and tmpfs mounts; what it writes there is thrown away", async () => {
    const { id, output } = await fixture.build(
      `FROM base AS made
RUN echo made > /made
FROM base
RUN --mount=target=/ctx,source=dir --mount=from=made,source=/made,target=/m,rw --mount=type=tmpfs,target=/t,size=1m \\
  cat /ctx/f /m && echo changed > /m && echo x > /t/x && ! echo x > /ctx/f
`,
      { "dir/f": "context\n" },
    );
    expect(output).toContain("context\nmade\n");
    expect(Object.keys(await fixture.files(id))).not.toContain("t");
    expect(Object.keys(await fixture.files(id))).not.toContain("ctx");
    expect(Object.keys(await fixture.files(id))).not.toContain("m");
  });

  test("is on the default network unless told otherwise", async () => {
    await fixture.services.network.restore(new Set());
    const text = "FROM base\nRUN ls /sys/class/net\nRUN --network=none ls /sys/class/net\n";
    const { output } = await fixture.build(text, {}, { networkMode: "default" });
    expect(plain(output)).toContain("Running in <id>\neth0\nlo\n");
    expect(plain(output)).toContain("Running in <id>\nlo\n");
    const error = await failure(fixture.build("FROM base\nRUN --network=host true\n"));
    expect(error.message).toContain("network.host is not allowed");
  });

  test("ends when the build is given up", async () => {
    const controller = new AbortController();
    const context = fixture.context({ Dockerfile: "FROM base\nRUN echo up && sleep 1000\n" });
    const request = { ...fixture.request(context), signal: controller.signal };
    const building = fixture.builder.build(request, (event) => {
      if ("stream" in event && event.stream.includes("up\n") && !event.stream.includes("Step")) {
        controller.abort(new Error("given up"));
      }
    });
    expect(building).rejects.toThrow("given up");
    await building.catch(() => {});
  });
});

describe("a request", () => {
  test("that is quiet says only the image's ID, or all of it when it fails", async () => {
    const { id, output } = await fixture.build("FROM base\nRUN echo quiet\n", {}, { quiet: true });
    expect(output).toBe(`${id}\n`);
    const error = await failure(fixture.build("FROM base\nRUN echo loud && false\n", {}, { quiet: true }));
    expect(error.output).toContain("loud\n");
  });

  test("adds labels as a last step", async () => {
    const { id, output } = await fixture.build("FROM base\n", {}, { labels: { "a.b": "c d" } });
    expect(output).toContain('Step 2/2 : LABEL "a.b"="c d"\n');
    expect(fixture.services.images.get(id).config.config?.Labels).toEqual({ "a.b": "c d" });
  });

  test("warns of arguments that nothing consumed", async () => {
    const { output } = await fixture.build("FROM base\nRUN true\n", {}, { buildArgs: { NOPE: "1" } });
    expect(output).toContain("[Warning] One or more build-args [NOPE] were not consumed\n");
  });

  test("fails clearly without its Dockerfile, its image, or with a bad name or platform", async () => {
    const errors = await Promise.all([
      failure(fixture.build("FROM base\n", {}, { dockerfile: "none" })),
      failure(fixture.build("FROM nowhere:1\nRUN true\n")),
      failure(fixture.build("FROM base\n", {}, { tags: ["Bad Name"] })),
      failure(fixture.build("FROM base\n", {}, { platform: "linux/s390x" })),
      failure(fixture.build("FORM base\n")),
      failure(fixture.build("FROM base\n", {}, { dockerfile: "../../etc/passwd" })),
    ]);
    const messages = errors.map(({ message }) => message);
    expect(messages[0]).toBe("Cannot locate specified Dockerfile: none");
    expect(messages[1]).toContain("No such image: nowhere:1");
    expect(messages[2]).toContain("invalid reference format");
    expect(messages[3]).toContain("does not match the specified platform: wanted linux/s390x");
    expect(messages[4]).toContain(
      "dockerfile parse error on line 1: unknown instruction: FORM (did you mean FROM?)",
    );
    expect(messages[5]).toContain("Cannot locate specified Dockerfile");
    expect(isKind(errors[1], "not-found")).toBe(true);
  });
});
