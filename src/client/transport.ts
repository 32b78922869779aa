import type { Dial } from "./connection.ts";
import { ApiError, messageIn, unreachable } from "./errors.ts";
import { formatHost, type Host } from "./host.ts";
import type { Head } from "./http-reader.ts";
import { type Line, Pool } from "./pool.ts";
import { type RawStream, rawStream } from "./raw-stream.ts";
import { type EngineRequest, encodeRequest } from "./request.ts";
import { Upload } from "./upload.ts";

/** A response whose body has not been read. Reading it to its end, or leaving the loop, frees the connection. */
export interface Reply {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: AsyncGenerator<Uint8Array, void>;
}

/** Sends requests to one engine over kept connections. */
export class Transport {
  readonly #host: Host;
  readonly #pool: Pool;
  readonly #where: { host: string; prefix: string };

  constructor(options: { host: Host; dial: Dial; prefix: string }) {
    this.#host = options.host;
    this.#pool = new Pool(options.host, options.dial);
    const name = options.host.kind === "unix" ? "gantry" : formatHost(options.host).slice("tcp://".length);
    this.#where = { host: name, prefix: options.prefix };
  }

  /** Sends a request. Throws `ApiError` for an answer that says no, `unavailable` when nobody answers. */
  async send(request: EngineRequest): Promise<Reply> {
    request.signal?.throwIfAborted();
    const exchange = await this.#exchange(request);
    const reply = { ...exchange.head, body: this.#body(request, exchange) };
    if (reply.status >= 400 || reply.status === 304) throw await refusal(reply, request);
    return reply;
  }

  /** Sends a request and reads its JSON answer; an empty answer is undefined. */
  async json<T>(request: EngineRequest): Promise<T> {
    const reply = await this.send(request);
    const text = await readText(reply.body);
    // The engine's shapes are trusted on this side of the wire: the one place where bytes become types.
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** Sends a request whose answer says no more than yes. */
  async done(request: EngineRequest): Promise<void> {
    const reply = await this.send(request);
    for await (const _ of reply.body);
  }

  /** Sends a request that turns its connection into a raw stream. */
  async hijack(request: EngineRequest): Promise<RawStream> {
    request.signal?.throwIfAborted();
    const upgrade = { Connection: "Upgrade", Upgrade: "tcp", ...request.headers };
    const exchange = await this.#exchange({ ...request, headers: upgrade });
    const { line, head, done } = exchange;
    if (head.status >= 300) throw await refusal({ ...head, body: this.#body(request, exchange) }, request);
    return rawStream(line, { contentType: head.headers.get("content-type") ?? "", release: done });
  }

  /** Opens a connection ahead of a request that will come. */
  warm(): Promise<void> {
    return this.#pool.warm();
  }

  close(): void {
    this.#pool.close();
  }

  async #exchange(request: EngineRequest): Promise<Exchange> {
    const line = await this.#pool.take().catch((error: unknown) => {
      throw unreachable(this.#host, error);
    });
    const abort = () => line.connection.close();
    request.signal?.addEventListener("abort", abort);
    const done = () => request.signal?.removeEventListener("abort", abort);
    const upload = request.body ? new Upload(line.connection) : undefined;
    try {
      const head = await this.#roundTrip(line, request, upload);
      if (head) return { line, head, done, upload };
    } catch (error) {
      done();
      line.connection.close();
      request.signal?.throwIfAborted();
      throw upload?.error ?? error;
    }
    done();
    line.connection.close();
    request.signal?.throwIfAborted();
    if (upload?.error !== undefined) throw upload.error;
    // A kept connection that the engine had closed: nothing reached it, so the request may go again.
    if (line.used && !request.body) return await this.#exchange(request);
    throw new Error("the engine closed the connection");
  }

  async #roundTrip(line: Line, request: EngineRequest, upload?: Upload): Promise<Head | undefined> {
    const sent = line.connection.write(encodeRequest(request, this.#where));
    if (upload && request.body) {
      await sent;
      void upload.send(request.body);
    } else {
      // A failed write shows on the reading side, where an early answer may still wait.
      sent.catch(() => undefined);
    }
    const head = await line.reader.head().catch((error: unknown) => {
      if (line.used && !upload) return undefined;
      throw error;
    });
    if (head && head.status >= 400) upload?.stop();
    return head;
  }

  async *#body(request: EngineRequest, exchange: Exchange): AsyncGenerator<Uint8Array, void> {
    const { line, head, done } = exchange;
    let whole = false;
    try {
      yield* bodyOf(line, head, request.method);
      whole = true;
    } catch (error) {
      request.signal?.throwIfAborted();
      throw exchange.upload?.error ?? error;
    } finally {
      done();
      if (whole && !request.body && isKept(head)) this.#pool.give(line);
      else line.connection.close();
    }
    request.signal?.throwIfAborted();
    if (exchange.upload?.error !== undefined) throw exchange.upload.error;
  }
}

interface Exchange {
  readonly line: Line;
  readonly head: Head;
  /** Takes the abort listener away. */
  readonly done: () => void;
  readonly upload: Upload | undefined;
}

/** All of a body as text. */
export async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function bodyOf(line: Line, head: Head, method: string): AsyncIterable<Uint8Array> {
  if (method === "HEAD" || head.status === 204 || head.status === 304) return line.reader.sized(0);
  if (head.headers.get("transfer-encoding")?.toLowerCase() === "chunked") return line.reader.chunked();
  const length = head.headers.get("content-length");
  return length === undefined ? line.reader.rest() : line.reader.sized(Number(length));
}

function isKept(head: Head): boolean {
  return head.headers.get("connection")?.toLowerCase() !== "close";
}

async function refusal(reply: Reply, request: EngineRequest): Promise<ApiError> {
  const text = await readText(reply.body).catch(() => "");
  return new ApiError(reply.status, messageIn(text, reply.status), request.path);
}
