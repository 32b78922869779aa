import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isKind } from "../base/index.ts";
import { encodeFrame } from "../wire/index.ts";
import { ApiError, type Client, createClient, failOnError } from "./index.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let directory: string;
let server: Server;
let client: Client;
let handler: Handler;
let connections: number;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "gantry-client-"));
  connections = 0;
  server = createServer((request, response) => handler(request, response));
  server.on("connection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(join(directory, "s.sock"), resolve));
  client = createClient({ host: `unix://${directory}/s.sock` });
});

afterEach(async () => {
  client.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true });
});

const text = async (request: IncomingMessage): Promise<string> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

describe("requests", () => {
  test("send the body as JSON and the query in Docker's spelling, and give the parsed answer", async () => {
    handler = async (request, response) => {
      const body = JSON.parse(await text(request));
      response.statusCode = 201;
      response.end(JSON.stringify({ Id: `${request.method} ${request.url} ${body.Image}`, Warnings: [] }));
    };
    const created = await client.containers.create({ Image: "bé" }, { name: "a b" });
    expect(created.Id).toBe("POST /v1.51/containers/create?name=a%20b bé");
  });

  test("one after the other share one connection", async () => {
    handler = (_request, response) => response.end("[]");
    for (let i = 0; i < 5; i += 1) expect(await client.containers.list()).toEqual([]);
    expect(connections).toBe(1);
  });

  test("at the same time use connections of their own", async () => {
    const answers: (() => void)[] = [];
    handler = (_request, response) => {
      answers.push(() => response.end("[]"));
      if (answers.length === 3) for (const answer of answers) answer();
    };
    await Promise.all([client.containers.list(), client.networks.list(), client.images.list()]);
    expect(connections).toBe(3);
  });

  test("go again on a new connection when the engine has closed the kept one", async () => {
    handler = (_request, response) => response.end("[]");
    await client.containers.list();
    server.closeAllConnections();
    expect(await client.containers.list()).toEqual([]);
    expect(connections).toBe(2);
  });

  test("keep slashes and colons of image names in the path", async () => {
    handler = (request, response) => response.end(JSON.stringify({ Id: request.url }));
    expect((await client.images.inspect("example.com:5000/a/b:1@sha256:0")).Id).toBe(
      "/v1.51/images/example.com:5000/a/b:1@sha256:0/json",
    );
  });

  test("read chunked answers whatever their pieces", async () => {
    handler = (_request, response) => {
      response.write('{"Vol');
      response.write('umes":[]');
      response.end(',"Warnings":null}');
    };
    expect(await client.volumes.list()).toEqual({ Volumes: [], Warnings: null });
  });
});

describe("failures", () => {
  test("carry the kind of the status and the engine's words", async () => {
    handler = (_request, response) => {
      response.statusCode = 404;
      response.end('{"message":"No such container: web"}');
    };
    const error = await client.containers.inspect("web").catch((caught: unknown) => caught);
    expect(isKind(error, "not-found")).toBe(true);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 404, message: "No such container: web" });
  });

  test("say where nobody answers", async () => {
    using lonely = createClient({ host: "unix:///nonexistent/gantry.sock" });
    const error = await lonely.system.info().catch((caught: unknown) => caught);
    expect(isKind(error, "unavailable")).toBe(true);
    expect(error).toMatchObject({
      message: "Cannot connect to the Gantry engine at unix:///nonexistent/gantry.sock. Is it running?",
    });
  });

  test("an answer cut off in the middle is an error, not a short answer", async () => {
    handler = (_request, response) => {
      response.setHeader("Content-Length", "100");
      response.write("{}");
      response.socket?.end();
    };
    await expect(client.system.info()).rejects.toThrow("unexpected EOF");
  });

  test("starting what runs already is no failure", async () => {
    handler = (_request, response) => {
      response.statusCode = 304;
      response.end();
    };
    expect(await client.containers.start("a")).toBe(false);
  });

  test("a call that was given up rejects with the reason", async () => {
    const abort = new AbortController();
    handler = () => abort.abort(new Error("enough"));
    await expect(client.system.info({ signal: abort.signal })).rejects.toThrow("enough");
  });

  test("a stream that was given up in the middle rejects with the reason", async () => {
    const abort = new AbortController();
    handler = (_request, response) => void response.write('{"Action":"start"}\n');
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of client.system.events({ signal: abort.signal })) {
        seen.push(event.Action);
        abort.abort(new Error("enough"));
      }
    })();
    await expect(reading).rejects.toThrow("enough");
    await reading.catch(() => undefined);
    expect(seen).toEqual(["start"]);
  });
});

describe("uploads", () => {
  test("stream the body in chunks while the answer comes in", async () => {
    handler = async (request, response) => {
      for await (const chunk of request) response.write(`{"stream":"${chunk.length}"}\n`);
      response.end('{"aux":{"ID":"sha256:1"}}\n');
    };
    let release: () => void = () => undefined;
    const firstSeen = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* body() {
      yield Buffer.from("abc");
      await firstSeen;
      yield Buffer.from("defgh");
    }
    const seen: unknown[] = [];
    for await (const message of client.builds.build(body(), { tags: ["a", "b"] })) {
      seen.push(message.stream ?? message.aux);
      release();
    }
    expect(seen).toEqual(["3", "5", { ID: "sha256:1" }]);
  });

  test("a source that fails fails the call with its own error", async () => {
    handler = async (request, response) => {
      request.on("error", () => undefined);
      for await (const _ of request);
      response.end();
    };
    // biome-ignore lint/correctness/useYield: a source that fails at its first byte
    async function* body(): AsyncGenerator<Uint8Array> {
      throw new Error("disk is gone");
    }
    await expect(collect(client.images.load(body()))).rejects.toThrow("disk is gone");
  });

  test("an early no ends the upload and gives the engine's words", async () => {
    handler = (_request, response) => {
      response.statusCode = 400;
      response.end('{"message":"no such Dockerfile"}');
    };
    async function* endless() {
      for (;;) {
        yield Buffer.alloc(65536);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    await expect(collect(client.builds.build(endless()))).rejects.toThrow("no such Dockerfile");
  });

  test("an error in a progress stream is thrown in the engine's words", async () => {
    handler = (_request, response) => {
      response.end('{"stream":"Step 1"}\n{"error":"boom","errorDetail":{"code":3,"message":"boom"}}\n');
    };
    async function* nothing(): AsyncGenerator<Uint8Array> {}
    const error = await collect(failOnError(client.builds.build(nothing()))).catch(
      (caught: unknown) => caught,
    );
    expect(error).toMatchObject({ message: "boom", code: 3 });
  });
});

describe("raw streams", () => {
  const hijack = (contentType: string, serve: (socket: Socket) => void) => {
    server.on("upgrade", (request: IncomingMessage, socket: Socket) => {
      expect(request.headers.upgrade).toBe("tcp");
      socket.write(
        `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
      );
      serve(socket);
    });
  };

  test("give output frame by frame after the input was ended", async () => {
    hijack("application/vnd.docker.multiplexed-stream", (socket) => {
      let input = "";
      socket.on("data", (chunk) => {
        input += chunk;
      });
      socket.on("end", () => {
        socket.write(encodeFrame(1, Buffer.from(input)));
        socket.end(encodeFrame(2, Buffer.from("err")));
      });
    });
    await using stream = await client.containers.attach("a", { stdin: true, stdout: true, stderr: true });
    await stream.write(Buffer.from("hello"));
    stream.end();
    let seen = "";
    for await (const frame of stream.frames()) seen += `${frame.stream}:${Buffer.from(frame.payload)};`;
    expect(seen).toBe("1:hello;2:err;");
  });

  test("of a terminal give raw bytes as stdout", async () => {
    hijack("application/vnd.docker.raw-stream", (socket) => void socket.end("raw"));
    await using stream = await client.execs.start("e", { tty: true });
    const frames = await collect(stream.frames());
    expect(stream.multiplexed).toBe(false);
    expect(frames.map((frame) => [frame.stream, Buffer.from(frame.payload).toString()])).toEqual([
      [1, "raw"],
    ]);
  });

  test("that the engine refuses fail with its words", async () => {
    handler = (_request, response) => {
      response.statusCode = 409;
      response.end('{"message":"container is not running"}');
    };
    server.on("upgrade", (_request, socket) => {
      socket.end('HTTP/1.1 409 Conflict\r\nContent-Length: 38\r\n\r\n{"message":"container is not running"}');
    });
    await expect(client.containers.attach("a")).rejects.toThrow("container is not running");
  });
});
