import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Headers } from "./call.ts";
import { joinStreams } from "./join-streams.ts";
import { writeAll } from "./write-all.ts";

/** How an answer leaves: through an HTTP response, or over a connection that asked for an upgrade. */
export interface Responder {
  /** True once the head of an answer is out. */
  readonly begun: boolean;
  /** The whole answer at once. */
  send(status: number, headers: Headers, body: string): void;
  /** Head now, chunks as they come; resolves when all is handed over or the client is gone. */
  stream(headers: Headers, chunks: AsyncIterable<Uint8Array | string>): Promise<void>;
  /** Ends HTTP: what is returned are the bare byte streams. `protocol` names them where the client asked for one. */
  hijack(headers: Headers, protocol: string): Duplex;
}

/** Answers of an ordinary request. `input` is the request: what a hijacked client sends. */
export function responseResponder(
  response: ServerResponse,
  input: NodeJS.ReadableStream,
  isHead: boolean,
): Responder {
  return {
    get begun() {
      return response.headersSent;
    },
    send(status, headers, body) {
      const length =
        status === 204 || status === 304 ? {} : { "Content-Length": String(Buffer.byteLength(body)) };
      response.writeHead(status, { ...headers, ...length });
      response.end(isHead ? undefined : body);
    },
    async stream(headers, chunks) {
      response.writeHead(200, { ...headers });
      response.flushHeaders();
      await writeAll(response, chunks);
    },
    hijack(headers) {
      // Whoever asked for no upgrade reads bare bytes to the end of the connection, as from Docker.
      response.useChunkedEncodingByDefault = false;
      response.removeHeader("Transfer-Encoding");
      response.writeHead(200, { ...headers, Connection: "close" });
      response.flushHeaders();
      return joinStreams(input, response);
    },
  };
}

/** Answers on a connection whose request asked for an upgrade. */
export function upgradeResponder(socket: Duplex): Responder {
  const state = { begun: false };
  const head = (status: string, headers: Headers): string => {
    state.begun = true;
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return `HTTP/1.1 ${status}\r\n${lines.join("")}\r\n`;
  };
  return {
    get begun() {
      return state.begun;
    },
    send(status, headers, body) {
      const length = String(Buffer.byteLength(body));
      socket.end(
        head(`${status} ${reasons[status] ?? "Status"}`, {
          ...headers,
          "Content-Length": length,
          Connection: "close",
        }) + body,
      );
      letGo(socket);
    },
    async stream(headers, chunks) {
      socket.write(head("200 OK", { ...headers, Connection: "close" }));
      socket.resume();
      await writeAll(socket, chunks);
      letGo(socket);
    },
    hijack(headers, protocol) {
      socket.write(head("101 UPGRADED", { ...headers, Connection: "Upgrade", Upgrade: protocol }));
      return socket;
    },
  };
}

const lingering = 10_000;

/** After the last word: the other side has time to read it and to hang up, then the connection goes. */
function letGo(socket: Duplex): void {
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingering);
  timer.unref();
  socket.once("end", () => socket.destroy());
  socket.once("close", () => clearTimeout(timer));
}

const reasons: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  204: "No Content",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};
