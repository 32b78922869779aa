import { chmodSync, chownSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import type { Duplex } from "node:stream";
import { EngineError, messageOf } from "../base/index.ts";
import { type DispatchNeeds, dispatch } from "./dispatch.ts";
import { responseResponder, upgradeResponder } from "./responder.ts";

export interface ServeOptions {
  /** `unix:///path` or `tcp://127.0.0.1:port`. */
  readonly hosts: readonly string[];
  /** Whoever reaches the API is root: TCP must be asked for by this, and be loopback. */
  readonly allowInsecureTcp: boolean;
}

/** What listens; `close` stops taking connections and ends those that are open. */
export interface Serving {
  readonly hosts: readonly string[];
  close(): Promise<void>;
}

/** Listens on all hosts. Throws `invalid` for a host that may not be served, `conflict` when one is taken. */
export async function serve(needs: DispatchNeeds, options: ServeOptions): Promise<Serving> {
  const targets = options.hosts.map((host) => parseHost(host, options));
  const servers: Listening[] = [];
  try {
    for (const target of targets) servers.push(await listen(needs, target));
  } catch (error) {
    await Promise.all(servers.map(closeServer));
    throw error;
  }
  return {
    hosts: options.hosts,
    close: async () => {
      await Promise.all(servers.map(closeServer));
    },
  };
}

interface Listening {
  readonly server: Server;
  readonly upgraded: ReadonlySet<Duplex>;
}

type Target = { readonly socket: string } | { readonly address: string; readonly port: number };

function parseHost(host: string, options: ServeOptions): Target {
  const socket = /^unix:\/\/(\/.+)$/.exec(host)?.[1];
  if (socket !== undefined) return { socket };
  const tcp = /^tcp:\/\/(\[[\da-f:]+\]|[\w.-]+):(\d+)$/i.exec(host);
  if (!tcp) {
    throw new EngineError("invalid", `Cannot listen on "${host}": use unix:///path or tcp://address:port`, {
      subject: host,
    });
  }
  const address = (tcp[1] ?? "").replace(/^\[|\]$/g, "");
  const loopback = address === "localhost" || address === "::1" || /^127\.\d+\.\d+\.\d+$/.test(address);
  if (!loopback || !options.allowInsecureTcp) {
    throw new EngineError(
      "denied",
      `Cannot listen on "${host}": whoever reaches the API is root, so TCP is served on loopback only and with --allow-insecure-tcp`,
      { subject: host },
    );
  }
  return { address, port: Number(tcp[2]) };
}

async function listen(needs: DispatchNeeds, target: Target): Promise<Listening> {
  const server = createServer((request, response) => serveRequest(needs, request, response));
  const upgraded = new Set<Duplex>();
  server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
    upgraded.add(socket);
    socket.once("close", () => upgraded.delete(socket));
    serveUpgrade(needs, request, socket);
  });
  server.on("clientError", (_error: Error, socket: Duplex) => socket.destroy());
  // Streams may be silent for days; only a request that never completes its head is given up.
  server.requestTimeout = 0;
  server.timeout = 0;
  server.keepAliveTimeout = 60_000;
  if ("socket" in target) {
    await mkdir(dirname(target.socket), { recursive: true, mode: 0o711 });
    await removeStaleSocket(target.socket);
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  const previous = process.umask(0o177);
  if ("socket" in target) server.listen(target.socket, resolve);
  else server.listen(target.port, target.address, resolve);
  try {
    await promise;
  } finally {
    process.umask(previous);
  }
  if ("socket" in target) await openToGroup(target.socket);
  return { server, upgraded };
}

/** Removes a socket that nobody serves any more; throws `conflict` when somebody does. */
async function removeStaleSocket(path: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = connect(path);
  probe.once("connect", () => resolve(true));
  probe.once("error", () => resolve(false));
  const alive = await promise;
  probe.destroy();
  if (alive) {
    throw new EngineError("conflict", `Cannot listen on unix://${path}: another process serves it`, {
      subject: path,
    });
  }
  await rm(path, { force: true });
}

/** root:gantry 0660 when that group exists, else root alone. */
async function openToGroup(path: string): Promise<void> {
  const groups = await readFile("/etc/group", "utf8").catch(() => "");
  const id = /^gantry:[^:]*:(\d+):/m.exec(groups)?.[1];
  if (id === undefined) {
    chmodSync(path, 0o600);
    return;
  }
  chownSync(path, 0, Number(id));
  chmodSync(path, 0o660);
}

function serveRequest(needs: DispatchNeeds, request: IncomingMessage, response: ServerResponse): void {
  const gone = new AbortController();
  response.on("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  response.on("error", () => gone.abort());
  request.on("error", () => {});
  const responder = responseResponder(response, request, request.method === "HEAD");
  void dispatch(needs, request, responder, gone.signal);
}

function serveUpgrade(needs: DispatchNeeds, request: IncomingMessage, socket: Duplex): void {
  const gone = new AbortController();
  socket.on("close", () => gone.abort());
  socket.on("error", (error: Error) => {
    needs.log.debug("a client's connection broke", { error: messageOf(error) });
    gone.abort();
  });
  request.on("error", () => {});
  void dispatch(needs, request, upgradeResponder(socket), gone.signal);
}

/** Connections that were upgraded no longer count as the server's: they are ended by hand. */
async function closeServer({ server, upgraded }: Listening): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  for (const socket of upgraded) socket.destroy();
  await promise;
}
