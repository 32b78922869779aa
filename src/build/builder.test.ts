import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { isKind, shortID } from "../base/index.ts";
import { BuilderFixture, failure, fates, plain } from "./builder.fixture.ts";

let fixture: BuilderFixture;
beforeAll(async () => {
  fixture = await BuilderFixture.open();
});
afterEach(async () => {
  expect(await fixture.remains()).toEqual([]);
});
afterAll(async () => await fixture[Symbol.asyncDispose]());

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
