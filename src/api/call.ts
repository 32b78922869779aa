import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { EngineError } from "../base/index.ts";
import type { Decoder } from "./decode.ts";
import { jsonFault } from "./json-fault.ts";

/** What a handler answers. `taken`: it has taken over the connection and all is said. */
export type Reply =
  | { readonly kind: "json"; readonly status: number; readonly body: unknown; readonly headers?: Headers }
  | { readonly kind: "empty"; readonly status: number; readonly headers?: Headers }
  | { readonly kind: "text"; readonly status: number; readonly body: string; readonly headers?: Headers }
  | {
      readonly kind: "stream";
      readonly contentType: string;
      /** Headers go out at once, before the first chunk is there. */
      readonly chunks: AsyncIterable<Uint8Array | string>;
      readonly headers?: Headers;
    }
  | { readonly kind: "taken" };

export type Headers = Readonly<Record<string, string>>;

/** One request, in the words of the handlers. */
export interface Call {
  readonly method: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** As a number that compares: 1.47 → 147. */
  readonly version: number;
  readonly request: IncomingMessage;
  /** Aborts when the client is gone before the answer was complete. */
  readonly signal: AbortSignal;
  /** The request's body; whoever wants JSON calls `readJson`. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends HTTP on this connection: answers 101 or 200, then it is a pair of byte streams. */
  hijack(contentType: string): Duplex;
  /** As `hijack`, for a client that asked for this protocol: answers 101 with these headers. */
  upgrade(protocol: string, headers: Headers): Duplex;
}

/** 200 with a JSON body. */
export function json(body: unknown, status = 200): Reply {
  return { kind: "json", status, body };
}

/** An answer without a body. */
export function empty(status = 204): Reply {
  return { kind: "empty", status };
}

const jsonLimit = 8 * 1024 ** 2;

/** Reads and decodes a JSON body; throws `invalid` with Docker's words for anything else. */
export async function readJson<T>(call: Call, decoder: Decoder<T>): Promise<T> {
  const text = await readText(call);
  if (text.trim() === "") {
    throw new EngineError("invalid", "invalid JSON: got EOF while reading request body", { subject: "" });
  }
  checkContentType(call);
  return decode(text, decoder);
}

/** As `readJson`, but a missing body decodes as `{}`. */
export async function readOptionalJson<T>(call: Call, decoder: Decoder<T>): Promise<T> {
  const text = await readText(call);
  if (text.trim() === "") return decoder({}, "");
  return decode(text, decoder);
}

function decode<T>(text: string, decoder: Decoder<T>): T {
  const value = parseJson(text);
  try {
    return decoder(value, "");
  } catch (error) {
    if (!(error instanceof EngineError) || !error.message.startsWith("json: ")) throw error;
    throw new EngineError("invalid", `invalid JSON: ${error.message}`, { subject: "", cause: error });
  }
}

async function readText(call: Call): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of call.body) {
    size += chunk.length;
    if (size > jsonLimit) {
      throw new EngineError("invalid", `request body too large: more than ${jsonLimit} bytes`, {
        subject: "",
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function checkContentType(call: Call): void {
  const type = call.request.headers["content-type"];
  if (type === undefined || /^application\/json\b/i.test(type)) return;
  throw new EngineError("invalid", `unsupported Content-Type header (${type}): must be 'application/json'`, {
    subject: type,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new EngineError("invalid", `invalid JSON: ${jsonFault(text)}`, { subject: "", cause: error });
  }
}
