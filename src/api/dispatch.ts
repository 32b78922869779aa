import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { EngineError, isKind, type Logger, messageOf } from "../base/index.ts";
import type { Call, Headers, Reply } from "./call.ts";
import type { IdleWork } from "./idle.ts";
import type { Responder } from "./responder.ts";
import type { Router } from "./routes.ts";
import { httpError } from "./status.ts";
import { newestVersion, splitVersion } from "./version.ts";

export interface DispatchNeeds {
  readonly router: Router;
  readonly log: Logger;
  /** The engine's version, for the `Server` header. */
  readonly engineVersion: string;
  /** Told of every answer. */
  readonly idle?: IdleWork;
}

/** Answers one request. Never throws: what goes wrong becomes an error answer, or ends the connection. */
export async function dispatch(
  needs: DispatchNeeds,
  request: IncomingMessage,
  responder: Responder,
  signal: AbortSignal,
): Promise<void> {
  const common = commonHeaders(needs.engineVersion);
  try {
    const { path, search } = splitTarget(request.url ?? "/");
    const { version, rest } = splitVersion(path);
    const method = request.method ?? "GET";
    const { handler, params } = needs.router.match(method, rest);
    let query: URLSearchParams | undefined;
    const call: Call = {
      method,
      params,
      get query() {
        query ??= new URLSearchParams(search);
        return query;
      },
      version,
      request,
      signal,
      body: request,
      hijack: (contentType): Duplex => responder.hijack({ ...common, "Content-Type": contentType }, "tcp"),
      upgrade: (protocol, headers): Duplex => responder.hijack({ ...common, ...headers }, protocol),
    };
    await answer(responder, common, await handler(call));
  } catch (error) {
    fail(needs, request, responder, signal.aborted ? gone(error) : error);
  } finally {
    needs.idle?.touch();
  }
}

/** What went wrong because the client left concerns nobody. */
function gone(cause: unknown): EngineError {
  return new EngineError("unavailable", "the client is gone", { subject: "client", cause });
}

/** The headers of every answer. */
function commonHeaders(engineVersion: string): Headers {
  return {
    Server: `Docker/${engineVersion} (linux)`,
    "Api-Version": newestVersion,
    Ostype: "linux",
    "Docker-Experimental": "false",
  };
}

async function answer(responder: Responder, common: Headers, reply: Reply): Promise<void> {
  switch (reply.kind) {
    case "json":
      return responder.send(
        reply.status,
        { ...common, ...reply.headers, "Content-Type": "application/json" },
        `${JSON.stringify(reply.body)}\n`,
      );
    case "text":
      return responder.send(
        reply.status,
        { ...common, "Content-Type": "text/plain; charset=utf-8", ...reply.headers },
        reply.body,
      );
    case "empty":
      return responder.send(reply.status, { ...common, ...reply.headers }, "");
    case "stream":
      return await responder.stream(
        { ...common, ...reply.headers, "Content-Type": reply.contentType },
        reply.chunks,
      );
    case "taken":
      return;
  }
}

function fail(needs: DispatchNeeds, request: IncomingMessage, responder: Responder, error: unknown): void {
  const { status, message } = httpError(error);
  if (status >= 500 && !isKind(error, "unavailable") && !isKind(error, "not-implemented")) {
    needs.log.error("a request failed", { method: request.method, path: request.url, error: message });
  }
  if (responder.begun) {
    request.socket.destroy();
    return;
  }
  const headers = { ...commonHeaders(needs.engineVersion), "Content-Type": "application/json" };
  try {
    responder.send(status, headers, status === 304 ? "" : `${JSON.stringify({ message })}\n`);
  } catch (failure) {
    needs.log.debug("cannot answer a client", { error: messageOf(failure) });
  }
}

function splitTarget(target: string): { path: string; search: string } {
  const cut = target.indexOf("?");
  return cut < 0
    ? { path: target, search: "" }
    : { path: target.slice(0, cut), search: target.slice(cut + 1) };
}
