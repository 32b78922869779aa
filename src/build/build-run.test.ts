import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { BuilderFixture, failure, plain } from "./builder.fixture.ts";
import { CommandError } from "./index.ts";

let fixture: BuilderFixture;
beforeAll(async () => {
  fixture = await BuilderFixture.open();
});
afterEach(async () => {
  expect(await fixture.remains()).toEqual([]);
});
afterAll(async () => await fixture[Symbol.asyncDispose]());

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
