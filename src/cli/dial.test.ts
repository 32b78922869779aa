import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseHost } from "../client/index.ts";
import { dialBun } from "./dial.ts";

async function listening(serve: (socket: Socket) => void) {
  const directory = await mkdtemp(join(tmpdir(), "gantry-dial-"));
  const path = join(directory, "s.sock");
  const server = createServer({ allowHalfOpen: true }, serve);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    host: parseHost(`unix://${path}`),
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true });
    },
  };
}

test("writes more than the socket holds in order, ends its side, and still reads", async () => {
  await using engine = await listening((socket) => {
    let sum = 0;
    socket.on("data", (chunk: Uint8Array) => {
      for (const byte of chunk) sum += byte;
    });
    socket.on("end", () => socket.end(String(sum)));
  });
  const connection = await dialBun(engine.host);
  const piece = Buffer.alloc(1_000_000, 1);
  const writes = Array.from({ length: 5 }, () => connection.write(piece));
  connection.end();
  await Promise.all(writes);
  expect(Buffer.from((await connection.read()) ?? []).toString()).toBe("5000000");
  expect(await connection.read()).toBeUndefined();
  connection.close();
});

test("holds the sender back while nobody reads, and loses nothing", async () => {
  const total = 20_000_000;
  await using engine = await listening((socket) => void socket.end(Buffer.alloc(total, 7)));
  const connection = await dialBun(engine.host);
  let seen = 0;
  for (let chunk = await connection.read(); chunk; chunk = await connection.read()) {
    seen += chunk.length;
    if (seen < 3_000_000) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(seen).toBe(total);
  expect(connection.ended).toBe(true);
  connection.close();
});

test("rejects with the system's error where nobody listens", async () => {
  await expect(dialBun(parseHost("unix:///nonexistent/s.sock"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("rejects writes once the connection is closed", async () => {
  await using engine = await listening((socket) => void socket.resume().on("end", () => socket.end()));
  const connection = await dialBun(engine.host);
  connection.close();
  await expect(connection.write(Buffer.from("x"))).rejects.toThrow();
});
