import { describe, expect, test } from "bun:test";
import { digestOf } from "../../../base/index.ts";
import type { ImageRunConfig } from "../../../oci/index.ts";
import { DockerfileError } from "../error.ts";
import { parseProgram } from "../instructions/index.ts";
import { parseDockerfile } from "../parser/index.ts";
import { type BaseImage, lower, needed, outline, planText } from "./index.ts";

const platform = { os: "linux", architecture: "amd64" };

function image(name: string, config: ImageRunConfig = {}): [string, BaseImage] {
  const rootfs = { type: "layers" as const, diff_ids: [] };
  return [name, { id: digestOf(name), config: { architecture: "amd64", os: "linux", config, rootfs } }];
}

interface Options {
  target?: string;
  buildArgs?: Record<string, string | null>;
  labels?: Record<string, string>;
  images?: [string, BaseImage][];
}

function plan(text: string, options: Options = {}) {
  const program = parseProgram(parseDockerfile(new TextEncoder().encode(text), "Dockerfile"));
  const { target, buildArgs = {}, labels = {} } = options;
  const values = { buildArgs, platform, buildPlatform: platform, targetStage: target ?? "default" };
  const outlined = outline(program, { ...(target === undefined ? {} : { target }), values });
  return lower(outlined, { values, labels, images: new Map(options.images ?? [image("base")]) });
}

const short = (name: string) => digestOf(name);
const lastConfig = (text: string, options: Options = {}) => plan(text, options).steps.at(-1)?.config;

function failure(work: () => unknown): DockerfileError {
  try {
    work();
  } catch (error) {
    if (error instanceof DockerfileError) return error;
    throw error;
  }
  throw new Error("accepted");
}

describe("lowering", () => {
  test("makes a graph of trees; what changes only the config makes none", () => {
    const text = `FROM base
ENV A=1 B="$A x"
WORKDIR /app
COPY --chown=me src/ ./src/
RUN make
LABEL k=v
USER me
WORKDIR sub
CMD run $A
`;
    expect(planText(plan(text))).toBe(`#0 image base ${short("base")}
#1 directory #0 /app
#2 copy #1 from context ["src/"] to /app/src/ chown=me
#3 run #2 ["/bin/sh","-c","make"] env=["A=1","B= x"] cwd=/app
#4 directory #3 /app/sub
1/9 FROM base -> #0 (config)
2/9 ENV A=1 B="$A x" -> #0 (config)
3/9 WORKDIR /app -> #1
4/9 COPY --chown=me src/ ./src/ -> #2
5/9 RUN make -> #3
6/9 LABEL k=v -> #3 (config)
7/9 USER me -> #3 (config)
8/9 WORKDIR sub -> #4
9/9 CMD run $A -> #4 (config)
`);
    expect(lastConfig(text)).toEqual({
      Env: ["A=1", "B= x"],
      WorkingDir: "/app/sub",
      Labels: { k: "v" },
      User: "me",
      Cmd: ["/bin/sh", "-c", "run $A"],
    });
  });

  test("leaves out stages that the target does not need, and shares identical vertices", () => {
    const text = `FROM base AS a
RUN one
FROM base AS unused
RUN never
FROM base AS b
RUN one
RUN two
FROM scratch
COPY --from=a /x /
COPY --from=2 /y /
`;
    expect(planText(plan(text))).toBe(`#0 image base ${short("base")}
#1 run #0 ["/bin/sh","-c","one"] env=[] cwd=/
#2 run #1 ["/bin/sh","-c","two"] env=[] cwd=/
#3 scratch
#4 copy #3 from #1 ["/x"] to /
#5 copy #4 from #2 ["/y"] to /
1/8 FROM base AS a -> #0 (config)
2/8 RUN one -> #1
3/8 FROM base AS b -> #0 (config)
4/8 RUN one -> #1
5/8 RUN two -> #2
6/8 FROM scratch -> #3 (config)
7/8 COPY --from=a /x / -> #4
8/8 COPY --from=2 /y / -> #5
`);
    expect(planText(plan(text, { target: "A" }))).toBe(`#0 image base ${short("base")}
#1 run #0 ["/bin/sh","-c","one"] env=[] cwd=/
1/2 FROM base AS a -> #0 (config)
2/2 RUN one -> #1
`);
  });

  test("gives ARGs their scope: from their line on, hidden by ENV, global ones when declared again", () => {
    const text = `ARG V=1
ARG W
FROM base:$V AS x
RUN a
ARG V
ARG W=w
ARG H=h
ENV H=e
RUN b
FROM x
RUN c
`;
    const options = {
      images: [image("base:9")],
      buildArgs: { V: "9", EXTRA: "z", H: "given", HTTP_PROXY: "p", W: null },
    };
    const { vertices, warnings } = plan(text, options);
    const env = vertices.flatMap((vertex) => (vertex.kind === "run" ? [vertex.env] : []));
    expect(env).toEqual([[], ["V=9", "W=w", "H=e"], ["V=9", "W=w", "H=e"]]);
    expect(warnings).toEqual(["[Warning] One or more build-args [EXTRA] were not consumed"]);
  });

  test("knows the platform's arguments in FROM, and in stages that declare them", () => {
    const text = "FROM base-$TARGETARCH\nRUN a\nARG TARGETPLATFORM\nRUN b\n";
    const { vertices } = plan(text, { images: [image("base-amd64")] });
    const env = vertices.flatMap((vertex) => (vertex.kind === "run" ? [vertex.env] : []));
    expect(env).toEqual([[], ["TARGETPLATFORM=linux/amd64"]]);
  });

  test("an instruction sees the values from before it", () => {
    expect(lastConfig("FROM base\nENV abc=hello\nENV abc=bye def=$abc\nENV ghi=$abc\n")?.Env).toEqual([
      "abc=bye",
      "def=hello",
      "ghi=bye",
    ]);
  });

  test("ENTRYPOINT drops an inherited CMD and keeps one of its own stage", () => {
    const images = [image("base", { Cmd: ["sh"], Entrypoint: ["old"] })];
    expect(lastConfig('FROM base\nENTRYPOINT ["e"]\n', { images })).toEqual({ Entrypoint: ["e"] });
    expect(lastConfig('FROM base\nCMD ["c"]\nENTRYPOINT e\n', { images })).toEqual({
      Cmd: ["c"],
      Entrypoint: ["/bin/sh", "-c", "e"],
    });
  });

  test("runs the triggers of the base image first and forgets them", () => {
    const images = [image("base", { OnBuild: ["COPY . /src", "RUN make"] })];
    const text = "FROM base\nONBUILD RUN later\n";
    expect(planText(plan(text, { images }))).toBe(`#0 image base ${short("base")}
#1 copy #0 from context ["."] to /src
#2 run #1 ["/bin/sh","-c","make"] env=[] cwd=/
1/2 FROM base -> #0 (config)
trigger COPY . /src -> #1
trigger RUN make -> #2
2/2 ONBUILD RUN later -> #2 (config)
`);
    expect(lastConfig(text, { images })).toEqual({ OnBuild: ["RUN later"] });
  });

  test("collects ports, volumes, shell, signal, author and health check", () => {
    const text = `FROM scratch
MAINTAINER me
EXPOSE 80 53/udp 7000-7001
VOLUME /a /b
SHELL ["/bin/bash", "-c"]
STOPSIGNAL SIGINT
HEALTHCHECK CMD ok
CMD x
`;
    const step = plan(text).steps.at(-1);
    expect(step?.author).toBe("me");
    expect(step?.config).toEqual({
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      ExposedPorts: { "80/tcp": {}, "53/udp": {}, "7000/tcp": {}, "7001/tcp": {} },
      Volumes: { "/a": {}, "/b": {} },
      Shell: ["/bin/bash", "-c"],
      StopSignal: "SIGINT",
      Healthcheck: { Test: ["CMD-SHELL", "ok"] },
      Cmd: ["/bin/bash", "-c", "x"],
    });
    expect(plan(text).steps.map((one) => one.createdBy)).toEqual([
      undefined,
      "MAINTAINER me",
      "EXPOSE [80/tcp 53/udp 7000/tcp 7001/tcp]",
      "VOLUME [/a /b]",
      "SHELL [/bin/bash -c]",
      "STOPSIGNAL SIGINT",
      'HEALTHCHECK {"Test":["CMD-SHELL","ok"]}',
      'CMD ["/bin/bash" "-c" "x"]',
    ]);
  });

  test("lowers mounts, scripts and inline files", () => {
    const text = `FROM base AS a
FROM base
ARG D=dir
COPY <<one <<"two" /f/
$D
one
$D
two
RUN --mount=target=/m,source=$D --mount=type=cache,target=c --mount=from=a,source=/,target=/r,rw \\
  --mount=type=tmpfs,target=/t,size=1m x
RUN <<S
#!/bin/x
S
`;
    expect(planText(plan(text)).split("\n").slice(0, 4)).toEqual([
      `#0 image base ${short("base")}`,
      '#1 copy #0 from context [] inline=["one","dir\\n"] inline=["two","$D\\n"] to /f/',
      '#2 run #1 ["/bin/sh","-c","x"] env=["D=dir"] cwd=/ bind=context:/dir:/m cache=/c:/c,shared,755,0:0 bind=#0:/:/r,rw tmpfs=/t,1048576',
      '#3 run #2 ["/bin/sh","-c","/dev/pipes/S"] env=["D=dir"] cwd=/ script=["S","#!/bin/x\\n"]',
    ]);
  });

  test("labels of the request count as a last step", () => {
    const { steps } = plan("FROM base\n", { labels: { a: "b c" } });
    expect(steps.map((step) => step.text)).toEqual(["FROM base", 'LABEL "a"="b c"']);
    expect(steps.at(-1)?.config.Labels).toEqual({ a: "b c" });
  });

  test("names the images that a target needs, triggers' included once known", () => {
    const text = "FROM base AS a\nCOPY --from=other /x /\nFROM not\nFROM a\n";
    const program = parseProgram(parseDockerfile(new TextEncoder().encode(text), "Dockerfile"));
    const values = { buildArgs: {}, platform, buildPlatform: platform, targetStage: "default" };
    const outlined = outline(program, { values });
    expect(needed(outlined, new Map())).toEqual({ stages: [0, 2], images: ["base", "other"] });
    const images = new Map([image("base", { OnBuild: ["COPY --from=third / /"] })]);
    expect(needed(outlined, images).images).toEqual(["base", "third", "other"]);
  });

  test.each([
    ["FROM base:$NOPE$\nENV a=${x", "", "syntax error: missing '}'"],
    ["FROM $NOPE\n", "", "base name should not be blank"],
    ["FROM base\nEXPOSE 70000\n", "", "invalid containerPort: 70000"],
    ["FROM base\nSTOPSIGNAL NOPE\n", "", "invalid signal: NOPE"],
    ["FROM base\nCOPY a b c\n", "", "the destination must be a directory and end with a /"],
    ["FROM base\nCOPY --from=3 a c\n", "", "invalid from flag value 3"],
    ["FROM base\nCOPY --from=z a c\nFROM base AS z\n", "0", "refers to this stage or to a later one"],
    ["FROM base\nCOPY --from=$z a c\n", "", "variable expansion is not supported for --from"],
    ["FROM base\nCOPY --chmod=rw a c\n", "", "invalid chmod parameter: 'rw'"],
    ["FROM base AS a\n", "b", 'target stage "b" could not be found'],
  ])("%j for target %j fails: %s", (text, target, message) => {
    const images = [image("base"), image("base:$")];
    expect(failure(() => plan(text, { target, images })).message).toContain(message);
  });
});
