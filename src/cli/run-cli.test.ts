import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeFrame } from "../wire/index.ts";
import { memoryOutput } from "./output.ts";
import { runWith } from "./whole.ts";

/** An engine that keeps a log of what it was asked and answers from a table. */
let answers: Record<string, (response: ServerResponse, body: string) => void>;
let attached: (socket: Socket) => void;
let asked: string[];
let server: Server;
let directory: string;
let sockets: Set<Socket>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "gantry-cli-"));
  asked = [];
  answers = {};
  attached = (socket) => void socket.end();
  sockets = new Set();
  server = createServer(serve);
  server.on("connection", (socket: Socket) => void sockets.add(socket));
  server.on("upgrade", (request: IncomingMessage, socket: Socket) => {
    asked.push(`${request.method} ${request.url?.replace("/v1.51", "")}`);
    socket.write(
      "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
    );
    attached(socket);
  });
  await new Promise<void>((resolve) => server.listen(join(directory, "s.sock"), resolve));
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true });
});

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const call = `${request.method} ${request.url?.replace("/v1.51", "")}`;
  asked.push(call);
  const answer = answers[call.replace(/\?.*/, "")];
  if (answer) answer(response, Buffer.concat(chunks).toString());
  else fail(404, `no answer for ${call}`)(response);
}

const fail = (status: number, message: string) => (response: ServerResponse) => {
  response.statusCode = status;
  response.end(JSON.stringify({ message }));
};
const send = (value: unknown) => (response: ServerResponse) => void response.end(JSON.stringify(value));

async function gantry(
  argv: readonly string[],
  options: { stdin?: string; env?: Record<string, string> } = {},
) {
  const [out, err] = [memoryOutput(), memoryOutput()];
  const surroundings = {
    out,
    err,
    env: options.env ?? { GANTRY_HOST: `unix://${directory}/s.sock` },
    directory,
    stdin: async function* () {
      if (options.stdin !== undefined) yield Buffer.from(options.stdin);
    },
  };
  const code = await runWith(surroundings, argv);
  return { code, out: out.text(), err: err.text() };
}

/** A container that starts, and ends with this code once its output has been told. */
function runnable(code: number, output: (socket: Socket) => void) {
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  answers["POST /containers/create"] = send({ Id: "c1", Warnings: [] });
  answers["POST /containers/c1/start"] = (response) => {
    response.statusCode = 204;
    response.end();
    started.resolve();
  };
  answers["POST /containers/c1/wait"] = (response) => {
    // White space before the answer: the headers leave now, as the engine's do.
    response.write("\n");
    ended.promise.then(() => response.end(JSON.stringify({ StatusCode: code })));
  };
  attached = (socket) => {
    started.promise.then(() => {
      output(socket);
      socket.end();
      ended.resolve();
    });
  };
}

describe("run", () => {
  test("holds streams and waits before it starts, shows both outputs, ends with the container's code", async () => {
    runnable(7, (socket) => {
      socket.write(encodeFrame(1, Buffer.from("out\n")));
      socket.write(encodeFrame(2, Buffer.from("err\n")));
    });
    expect(await gantry(["run", "--rm", "image", "cmd", "--flag"])).toEqual({
      code: 7,
      out: "out\n",
      err: "err\n",
    });
    expect(asked[0]).toBe("POST /containers/create");
    expect(asked.slice(1, 3).sort()).toEqual([
      "POST /containers/c1/attach?stream=1&stdin=0&stdout=1&stderr=1",
      "POST /containers/c1/wait?condition=removed",
    ]);
    expect(asked[3]).toBe("POST /containers/c1/start");
    expect(asked).toHaveLength(4);
  });

  test("sends its input and then its end", async () => {
    runnable(0, () => undefined);
    const { promise, resolve } = Promise.withResolvers<string>();
    attached = (socket) => {
      let input = "";
      socket.on("data", (chunk) => {
        input += chunk;
      });
      socket.on("end", () => {
        resolve(input);
        socket.end(encodeFrame(1, Buffer.from("done")));
      });
    };
    answers["POST /containers/c1/wait"] = send({ StatusCode: 0 });
    expect(await gantry(["run", "-i", "image"], { stdin: "hello" })).toEqual({
      code: 0,
      out: "done",
      err: "",
    });
    expect(await promise).toBe("hello");
  });

  test("in the background prints the ID", async () => {
    runnable(0, () => undefined);
    expect(await gantry(["run", "-d", "image"])).toEqual({ code: 0, out: "c1\n", err: "" });
    expect(asked).toEqual(["POST /containers/create", "POST /containers/c1/start"]);
  });

  test("pulls an image that is not there, and creates again", async () => {
    runnable(0, () => undefined);
    let tries = 0;
    answers["POST /containers/create"] = (response) => {
      tries += 1;
      if (tries === 1) fail(404, "No such image: image:latest")(response);
      else send({ Id: "c1", Warnings: ["careful"] })(response);
    };
    answers["POST /images/create"] = (response) =>
      void response.end('{"status":"Pull complete","id":"abc"}\n');
    const { code, err } = await gantry(["run", "-d", "image"]);
    expect(code).toBe(0);
    expect(err).toBe("Unable to find image 'image:latest' locally\nabc: Pull complete\nWARNING: careful\n");
    expect(asked).toContain("POST /images/create?fromImage=image&tag=latest");
  });

  test("whose flags make no sense ends with 125, whatever is missing", async () => {
    const { code, err } = await gantry(["run", "--env-file", "/no/such", "image"]);
    expect([code, err]).toEqual([125, expect.stringContaining("open /no/such: no such file or directory")]);
  });

  test("in the background tells of the container also when it cannot start", async () => {
    runnable(0, () => undefined);
    answers["POST /containers/c1/start"] = fail(400, 'exec: "x": executable file not found in $PATH');
    const { code, out } = await gantry(["run", "-d", "image", "x"]);
    expect([code, out]).toEqual([127, "c1\n"]);
  });

  test.each([
    ['exec: "x": executable file not found in $PATH: unknown', 127],
    ['exec: "/x": stat /x: no such file or directory: unknown', 127],
    ['exec: "/etc": permission denied: unknown', 126],
    ["something else", 125],
  ])("that cannot start for %p ends with %i", async (message, code) => {
    runnable(0, () => undefined);
    answers["POST /containers/c1/start"] = fail(400, message);
    expect(await gantry(["run", "image", "x"])).toEqual({
      code,
      out: "",
      err: `gantry: Error response from daemon: ${message}\n\nRun 'gantry run --help' for more information\n`,
    });
  });

  test("with wrong flags asks the engine nothing", async () => {
    expect(await gantry(["run", "-p", "99999999:1", "image"])).toEqual({
      code: 125,
      out: "",
      err: "gantry: invalid hostPort: 99999999\n\nRun 'gantry run --help' for more information\n",
    });
    for (const argv of [
      ["run", "--cpu-count", "2", "image"],
      ["start", "--checkpoint", "c", "web"],
      ["--context", "elsewhere", "start", "web"],
    ]) {
      const { code, err } = await gantry(argv);
      expect({ argv, code: code > 0, err }).toEqual({
        argv,
        code: true,
        err: expect.stringMatching(/only supported on a Docker daemon|context not found/),
      });
    }
    expect(asked).toEqual([]);
  });
});

describe("exec", () => {
  test("shows the output and ends with the process's code", async () => {
    answers["POST /containers/web/exec"] = (response, body) => {
      expect(JSON.parse(body)).toEqual({
        AttachStdout: true,
        AttachStderr: true,
        Env: ["A=1"],
        WorkingDir: "/w",
        Cmd: ["ls", "-l"],
      });
      send({ Id: "e1" })(response);
    };
    answers["GET /exec/e1/json"] = send({ ExitCode: 3 });
    attached = (socket) => void socket.end(encodeFrame(1, Buffer.from("files\n")));
    expect(await gantry(["exec", "-w", "/w", "-e", "A=1", "web", "ls", "-l"])).toEqual({
      code: 3,
      out: "files\n",
      err: "",
    });
  });
});

describe("commands on several objects", () => {
  test("do what they can, tell what they cannot, and end with 1", async () => {
    answers["DELETE /containers/a"] = (response) => {
      response.statusCode = 204;
      response.end();
    };
    answers["DELETE /containers/b"] = fail(404, "No such container: b");
    expect(await gantry(["rm", "b", "a"])).toEqual({
      code: 1,
      out: "a\n",
      err: "Error response from daemon: No such container: b\n",
    });
    expect(asked).toContain("DELETE /containers/a?force=0&v=0&link=0");
    expect((await gantry(["rm", "-f", "b", "a"])).code).toBe(0);
  });

  test("inspect finds any kind, prints indented JSON, and tells what is nowhere", async () => {
    answers["GET /volumes/v1"] = send({ Name: "v1" });
    expect(await gantry(["inspect", "v1", "none"])).toEqual({
      code: 1,
      out: '[\n    {\n        "Name": "v1"\n    }\n]\n',
      err: "Error: No such object: none\n",
    });
    expect((await gantry(["volume", "inspect", "-f", "{{.Name}}!", "v1"])).out).toBe("v1!\n");
  });
});

describe("the command line", () => {
  test.each([
    [
      ["ps", "--bad"],
      125,
      "unknown flag: --bad\n\nUsage:  gantry ps [OPTIONS]\n\nRun 'gantry ps --help' for more information\n",
    ],
    [
      ["container", "ls", "--bad"],
      125,
      "unknown flag: --bad\n\nUsage:  gantry container ls [OPTIONS]\n\nRun 'gantry container ls --help' for more information\n",
    ],
    [
      ["rm"],
      1,
      "gantry: 'gantry rm' requires at least 1 argument\n\nUsage:  gantry rm [OPTIONS] CONTAINER [CONTAINER...]\n\nSee 'gantry rm --help' for more information\n",
    ],
    [
      ["rename", "a"],
      1,
      "gantry: 'gantry rename' requires 2 arguments\n\nUsage:  gantry rename CONTAINER NEW_NAME\n\nRun 'gantry rename --help' for more information\n",
    ],
    [
      ["ps", "x"],
      1,
      "gantry: 'gantry ps' accepts no arguments\n\nUsage:  gantry ps [OPTIONS]\n\nRun 'gantry ps --help' for more information\n",
    ],
    [["foo"], 1, "gantry: unknown command: gantry foo\n\nRun 'gantry --help' for more information\n"],
    [
      ["container", "foo"],
      1,
      "gantry: unknown command: gantry container foo\n\nUsage:  gantry container\n\nRun 'gantry container --help' for more information\n",
    ],
    [
      ["--bad"],
      125,
      "unknown flag: --bad\n\nUsage:  gantry [OPTIONS] COMMAND [ARG...]\n\nRun 'gantry --help' for more information\n",
    ],
  ])("refuses %j in Docker's words", async (argv, code, err) => {
    expect(await gantry(argv)).toEqual({ code, out: "", err });
  });

  test("looks for the engine at -H, then GANTRY_HOST, then DOCKER_HOST", async () => {
    answers["GET /volumes"] = send({ Volumes: [], Warnings: null });
    const here = `unix://${directory}/s.sock`;
    const there = "unix:///nonexistent/s.sock";
    expect((await gantry(["-H", here, "volume", "ls"], { env: { GANTRY_HOST: there } })).code).toBe(0);
    expect((await gantry(["volume", "ls"], { env: { GANTRY_HOST: here, DOCKER_HOST: there } })).code).toBe(0);
    expect((await gantry(["volume", "ls"], { env: { DOCKER_HOST: here } })).code).toBe(0);
    expect(await gantry(["volume", "ls"], { env: { DOCKER_HOST: there } })).toEqual({
      code: 1,
      out: "",
      err: `Cannot connect to the Gantry engine at ${there}. Is it running?\n`,
    });
  });

  test("has help for the program, each noun and each command", async () => {
    const { out } = await gantry([]);
    expect(out).toStartWith("Usage:  gantry [OPTIONS] COMMAND\n");
    for (const noun of ["container", "image", "network", "volume", "system", "builder"]) {
      const help = (await gantry([noun])).out;
      expect(help).toStartWith(`Usage:  gantry ${noun} COMMAND\n`);
      for (const [, verb = ""] of help.matchAll(/^ {2}(\w+) {3}/gm)) {
        // The engine's side answers that one itself.
        if (verb === "reset") continue;
        expect((await gantry([noun, verb, "--help"])).out).toStartWith(`Usage:  gantry ${noun} ${verb}`);
      }
    }
  });
});

test("a reader that has read enough ends a command as SIGPIPE does, without a word", async () => {
  answers["GET /version"] = send({ Version: "1", ApiVersion: "1.51", Components: [] });
  answers["GET /info"] = send({ Name: "here", MemTotal: 1, Warnings: [] });
  for (const command of ["version", "info"]) {
    let left = 1;
    const err = memoryOutput();
    const out = {
      ...memoryOutput(),
      write: async () => {
        if (left-- <= 0) throw Object.assign(new Error("EPIPE: broken pipe, write"), { code: "EPIPE" });
      },
    };
    const code = await runWith(
      {
        out,
        err,
        env: { GANTRY_HOST: `unix://${directory}/s.sock` },
        directory,
        stdin: async function* () {},
      },
      [command],
    );
    expect([command, code, err.text()]).toEqual([command, 141, ""]);
  }
});
