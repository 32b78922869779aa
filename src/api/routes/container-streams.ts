import type { Duplex } from "node:stream";
import { EngineError, messageOf, parseDuration } from "../../base/index.ts";
import {
  type Attachment,
  type AttachRequest,
  type ContainerService,
  parseDetachKeys,
} from "../../container/index.ts";
import { bridge, deliver, finish } from "../bridge.ts";
import type { Call, Reply } from "../call.ts";
import { boolean, moment, string } from "../query.ts";
import { type Route, route } from "../routes.ts";
import { acceptKey, webSocket } from "../websocket.ts";

interface Needs {
  readonly containers: Pick<ContainerService, "attach" | "logs" | "announceDetach">;
}

/** Attach and logs. */
export function containerStreamRoutes(needs: Needs): Route[] {
  return [
    route("POST", "/containers/{id}/attach", (call) => attach(needs, call)),
    route("GET", "/containers/{id}/attach/ws", (call) => attachWebSocket(needs, call)),
    route("GET", "/containers/{id}/logs", (call) => logs(needs, call)),
  ];
}

/** Media type of a stream: raw with a terminal, framed without; the name of the latter came with 1.42. */
export function streamType(call: Call, tty: boolean): string {
  return !tty && call.version >= 142
    ? "application/vnd.docker.multiplexed-stream"
    : "application/vnd.docker.raw-stream";
}

function attachRequest(call: Call) {
  const keys = parseDetachKeys(string(call.query, "detachKeys"));
  const request = {
    stdin: boolean(call.query, "stdin"),
    logs: boolean(call.query, "logs"),
    stream: boolean(call.query, "stream"),
    stdout: boolean(call.query, "stdout"),
    stderr: boolean(call.query, "stderr"),
  };
  return { keys, request };
}

async function attach(needs: Needs, call: Call): Promise<Reply> {
  const { keys, request } = attachRequest(call);
  const attachment = needs.containers.attach(idOf(call), request);
  const client = call.hijack(streamType(call, attachment.tty));
  return await converse(needs, call, client, { attachment, request: { ...request, bare: false }, keys });
}

/** The same over a WebSocket: each chunk a binary message, stdout and stderr as one. */
async function attachWebSocket(needs: Needs, call: Call): Promise<Reply> {
  const { keys, request } = attachRequest(call);
  const accept = acceptKey(call.request);
  const attachment = needs.containers.attach(idOf(call), request);
  const client = webSocket(call.upgrade("websocket", { "Sec-WebSocket-Accept": accept }));
  return await converse(needs, call, client, { attachment, request: { ...request, bare: true }, keys });
}

async function converse(
  needs: Needs,
  call: Call,
  client: Duplex,
  talk: {
    readonly attachment: Attachment;
    readonly request: AttachRequest & { readonly bare: boolean };
    readonly keys: Uint8Array;
  },
): Promise<Reply> {
  const { attachment, keys } = talk;
  const { tty, before } = attachment;
  const options = { ...talk.request, tty, detachKeys: tty ? keys : undefined, before };
  try {
    const stream = await attachment.connect(call.signal);
    if (stream) {
      const end = await bridge(client, stream, options);
      if (end === "detached") needs.containers.announceDetach(idOf(call));
    } else if (before) await deliver(client, before, options);
    else finish(client);
  } catch (error) {
    client.destroy(error instanceof Error ? error : new Error(messageOf(error)));
  }
  return { kind: "taken" };
}

function idOf(call: Call): string {
  return call.params.id ?? "";
}

function logs(needs: Needs, call: Call): Reply {
  const { query } = call;
  const stdout = boolean(query, "stdout");
  const stderr = boolean(query, "stderr");
  if (!stdout && !stderr) {
    throw new EngineError("invalid", "Bad parameters: you must choose at least one stream", { subject: "" });
  }
  const since = timeOf(query.get("since"));
  const until = timeOf(query.get("until"));
  const tail = tailOf(string(query, "tail"));
  const { tty, output } = needs.containers.logs(call.params.id ?? "", {
    stdout,
    stderr,
    timestamps: boolean(query, "timestamps"),
    follow: boolean(query, "follow"),
    details: boolean(query, "details"),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(tail === undefined ? {} : { tail }),
  });
  return { kind: "stream", contentType: streamType(call, tty), chunks: output };
}

/** Unix time, RFC 3339, or a Go duration before now; nanoseconds since the epoch. */
function timeOf(value: string | null): bigint | undefined {
  if (value !== null && /^[\d.]+(ns|us|µs|ms|s|m|h)/.test(value)) {
    return BigInt(Date.now()) * 1_000_000n - BigInt(Math.round(parseDuration(value)));
  }
  return moment(value);
}

/** `all`, empty and what is no number mean everything, as in Docker. */
function tailOf(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
