import type { Frame, StatsResponse, TopResponse, WaitResponse } from "../wire/index.ts";
import { jsonLines } from "./json-lines.ts";
import type { Cancel, TerminalSize } from "./options.ts";
import { decodeFrames, type RawStream, rawFrames } from "./raw-stream.ts";
import { segment } from "./request.ts";
import { readText, type Transport } from "./transport.ts";

export interface LogOptions extends Cancel {
  readonly follow?: boolean | undefined;
  /** Both streams when neither is named. */
  readonly stdout?: boolean | undefined;
  readonly stderr?: boolean | undefined;
  /** RFC 3339 or Unix seconds. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly timestamps?: boolean | undefined;
  readonly details?: boolean | undefined;
  /** `all` or a number of lines. */
  readonly tail?: string | number | undefined;
}

export interface AttachOptions extends Cancel {
  /** Default true. */
  readonly stream?: boolean | undefined;
  readonly logs?: boolean | undefined;
  readonly stdin?: boolean | undefined;
  readonly stdout?: boolean | undefined;
  readonly stderr?: boolean | undefined;
  readonly detachKeys?: string | undefined;
}

export interface WaitOptions extends Cancel {
  readonly condition?: "not-running" | "next-exit" | "removed" | undefined;
}

export interface StatsOptions extends Cancel {
  /** Default true: a value a second until the signal. */
  readonly stream?: boolean | undefined;
  readonly oneShot?: boolean | undefined;
}

/** What containers say and what they are told. */
export interface ContainerStreams {
  /** Rejects with the signal's reason when given up; the container goes on. */
  wait(id: string, options?: WaitOptions): Promise<WaitResponse>;
  /** Settles once the engine watches for the condition: what happens afterwards is not missed. */
  openWait(id: string, options?: WaitOptions): Promise<{ readonly ended: Promise<WaitResponse> }>;
  attach(id: string, options?: AttachOptions): Promise<RawStream>;
  resize(id: string, size: TerminalSize, options?: Cancel): Promise<void>;
  /** The output, frame by frame; the output of a terminal comes as stdout. Follows until the container stops. */
  logs(id: string, options?: LogOptions): AsyncGenerator<Frame, void>;
  top(id: string, options?: Cancel & { readonly psArguments?: string | undefined }): Promise<TopResponse>;
  stats(id: string, options?: StatsOptions): AsyncGenerator<StatsResponse, void>;
}

export function containerStreams(transport: Transport): ContainerStreams {
  const openWait: ContainerStreams["openWait"] = async (id, { condition, signal } = {}) => {
    const path = `/containers/${segment(id)}/wait`;
    const reply = await transport.send({ method: "POST", path, query: { condition }, signal });
    const ended = readText(reply.body).then(parseWait);
    ended.catch(() => undefined);
    return { ended };
  };
  return {
    wait: async (id, options) => (await openWait(id, options)).ended,
    openWait,
    attach: (id, { stream = true, logs, stdin, stdout, stderr, detachKeys, signal } = {}) =>
      transport.hijack({
        method: "POST",
        path: `/containers/${segment(id)}/attach`,
        query: { stream, logs, stdin, stdout, stderr, detachKeys },
        signal,
      }),
    resize: (id, { height, width }, options = {}) =>
      transport.done({
        method: "POST",
        path: `/containers/${segment(id)}/resize`,
        query: { h: height, w: width },
        signal: options.signal,
      }),
    logs: (id, options = {}) => logFrames(transport, id, options),
    top: (id, { psArguments, signal } = {}) =>
      transport.json({
        method: "GET",
        path: `/containers/${segment(id)}/top`,
        query: { ps_args: psArguments },
        signal,
      }),
    stats: async function* (id, { stream = true, oneShot, signal } = {}) {
      const path = `/containers/${segment(id)}/stats`;
      const query = { stream, "one-shot": oneShot };
      const reply = await transport.send({ method: "GET", path, query, signal });
      yield* jsonLines<StatsResponse>(reply.body);
    },
  };
}

async function* logFrames(
  transport: Transport,
  id: string,
  options: LogOptions,
): AsyncGenerator<Frame, void> {
  const { signal, stdout, stderr, ...rest } = options;
  const both = !stdout && !stderr;
  const reply = await transport.send({
    method: "GET",
    path: `/containers/${segment(id)}/logs`,
    query: { ...rest, stdout: both || stdout, stderr: both || stderr },
    signal,
  });
  const raw = reply.headers.get("content-type")?.includes("raw-stream") ?? false;
  yield* raw ? rawFrames(reply.body) : decodeFrames(reply.body);
}

function parseWait(text: string): WaitResponse {
  if (text.trim() === "") throw new Error("the engine closed the connection");
  return JSON.parse(text) as WaitResponse;
}
