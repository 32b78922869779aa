import { describe, expect, test } from "bun:test";
import { DockerfileError } from "../error.ts";
import { parseDockerfile } from "../parser/index.ts";
import { parseProgram } from "./index.ts";

function program(text: string) {
  return parseProgram(parseDockerfile(new TextEncoder().encode(text), "Dockerfile"));
}

function first(line: string) {
  const instruction = program(`FROM x\n${line}\n`).stages[0]?.instructions[0];
  if (!instruction) throw new Error("nothing parsed");
  const { node: _node, ...rest } = instruction;
  return rest;
}

function failure(text: string): DockerfileError {
  try {
    program(text);
  } catch (error) {
    if (error instanceof DockerfileError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

describe("instructions", () => {
  test("are divided into stages, with ARGs before the first", () => {
    const { globals, stages } = program(
      "ARG V=1\nFROM --platform=linux/amd64 a:$V AS Build\nRUN x\nFROM build\n",
    );
    expect(globals.map((arg) => arg.args)).toEqual([[{ key: "V", value: "1" }]]);
    expect(stages.map(({ from }) => [from.image, from.stageName, from.platform])).toEqual([
      ["a:$V", "build", "linux/amd64"],
      ["build", undefined, undefined],
    ]);
    expect(stages[0]?.instructions.map(({ kind }) => kind)).toEqual(["run"]);
  });

  test("RUN knows shell form, exec form, mounts and network", () => {
    expect(first("RUN echo a  b")).toMatchObject({
      command: { form: "shell", text: "echo a  b" },
      network: "default",
    });
    expect(first('RUN --network=none ["a", "b c"]')).toMatchObject({
      command: { form: "exec", args: ["a", "b c"] },
      network: "none",
    });
    expect(
      first("RUN --mount=type=cache,target=/c,id=x,mode=0700 --mount=target=/m,from=b,rw a"),
    ).toMatchObject({
      mounts: [
        { type: "cache", target: "/c", id: "x", mode: 0o700, readonly: false, sharing: "shared" },
        { type: "bind", target: "/m", from: "b", readonly: false },
      ],
    });
  });

  test("RUN takes heredocs as text, as a script, or leaves them to the shell", () => {
    expect(first("RUN <<EOF\na\nb\nEOF")).toMatchObject({ command: { form: "shell", text: "a\nb\n" } });
    expect(first("RUN <<-EOF\n\ta\n\tEOF")).toMatchObject({ command: { form: "shell", text: "a\n" } });
    expect(first("RUN <<EOF\n#!/bin/x\nEOF")).toMatchObject({
      command: { form: "shell", text: "/dev/pipes/EOF" },
      script: { name: "EOF", content: "#!/bin/x\n" },
    });
    expect(first("RUN cat <<A > /x && cat <<B\n1\nA\n2\nB")).toMatchObject({
      command: { form: "shell", text: "cat <<A > /x && cat <<B\n1\nA\n2\nB" },
    });
  });

  test("COPY and ADD know their flags, sources and inline files", () => {
    expect(first('COPY --from=0 --chown=a:b --chmod=644 --link ["a b", "c", "/d/"]')).toMatchObject({
      kind: "copy",
      sources: ["a b", "c"],
      destination: "/d/",
      from: "0",
      chown: "a:b",
      chmod: "644",
    });
    expect(first('ADD --exclude=*.md --exclude=x <<F <<"G" y /z/\n1\nF\n2\nG')).toMatchObject({
      kind: "add",
      sources: ["y"],
      exclude: ["*.md", "x"],
      inline: [
        { name: "F", content: "1\n", expand: true },
        { name: "G", content: "2\n", expand: false },
      ],
    });
  });

  test("HEALTHCHECK knows its times", () => {
    expect(first("HEALTHCHECK --interval=5s --retries=2 CMD curl x")).toEqual({
      kind: "healthcheck",
      healthcheck: { Test: ["CMD-SHELL", "curl x"], Interval: 5e9, Retries: 2 },
    });
    expect(first("HEALTHCHECK NONE")).toMatchObject({ healthcheck: { Test: ["NONE"] } });
  });

  test("a misspelt instruction is refused in Docker's words, with its place and a suggestion", () => {
    const error = failure("FROM x\nFORM y\n");
    expect(error.message).toBe(
      "dockerfile parse error on line 2: unknown instruction: FORM (did you mean FROM?)\n" +
        "Dockerfile:2:1\n 2 | FORM y\n   | ^",
    );
    expect(error.position).toEqual({ line: 2, column: 1 });
  });

  test.each([
    ["FROM x\nCOPY --form=b a /", "unknown flag: --form (did you mean --from?)", [2, 6]],
    ["FROM x\nCOPY a", "COPY requires at least two arguments, but only one was provided", [2, 1]],
    ["FROM x\nCOPY --chown=a --chown=b a b", "Duplicate flag specified: chown", [2, 6]],
    ["FROM x\nCOPY --chown a b", "Missing a value on flag: chown", [2, 6]],
    ["FROM x\nCOPY --link=maybe a b", "Expecting boolean value for flag link, not: maybe", [2, 6]],
    ["FROM x\nADD https://a/b /", "ADD of a remote source is not supported yet: https://a/b", [2, 5]],
    ["FROM x\nRUN", "RUN requires at least one argument", [2, 1]],
    ["FROM x\nRUN --mount=type=secret,id=a x", 'mount type "secret" is not supported yet', [2, 5]],
    ["FROM x\nRUN --mount=type=cache x", "invalid mount: target is missing", [2, 5]],
    ["FROM x\nRUN --mount=tpye=cache,target=/x x", "unexpected key 'tpye'", [2, 5]],
    ["FROM x y", "FROM requires either one or three arguments", [1, 1]],
    ["FROM x AS 1y", "invalid name for build stage", [1, 11]],
    ["RUN x", "no build stage in current context", [1, 1]],
    ["ARG x", "no build stage in current context", [1, 1]],
    ["FROM x\nENV =y", "ENV names can not be blank", [2, 1]],
    ["FROM x\nSHELL /bin/sh", "SHELL requires the arguments to be in JSON form", [2, 1]],
    ["FROM x\nONBUILD ONBUILD RUN a", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", [2, 9]],
    ["FROM x\nONBUILD FROM a", "FROM isn't allowed as an ONBUILD trigger", [2, 9]],
    ["FROM x\nHEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD", [2, 1]],
    ["FROM x\nHEALTHCHECK --interval=1us CMD a", "cannot be less than 1ms", [2, 13]],
    ["FROM x\nHEALTHCHECK TCP 80", 'Unknown type "TCP" in HEALTHCHECK (try CMD)', [2, 13]],
    ["FROM x\nUSER", "USER requires exactly one argument", [2, 1]],
    ["FROM x\nCOPY <<E <<F\n1\nE\n2\nF", "COPY cannot accept a heredoc as a destination", [2, 10]],
  ])("%j fails: %s", (text, message, [line, column]) => {
    const error = failure(text);
    expect(error.message).toContain(message);
    expect(error.kind).toBe("invalid");
    expect(error.position).toEqual({ line: line ?? 0, column: column ?? 0 });
  });
});
