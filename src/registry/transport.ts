import { RegistryError } from "./error.ts";
import { type Asked, connectionError, verb } from "./failure.ts";
import { longestRedirectChain } from "./limits.ts";
import type { Reach } from "./reach.ts";
import type { RegistryLimits } from "./types.ts";
import { createWatchdog, type Watchdog } from "./watchdog.ts";

/** Bytes to send, which can be given again when they have to be. */
export interface Payload {
  readonly length: number;
  open(): AsyncIterable<Uint8Array>;
}

export interface Outgoing {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Goes to the origin of `url` alone, never to where it redirects. */
  readonly authorization?: string | undefined;
  readonly payload?: Payload | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the answer's head must be there, where the usual limit is too long. */
  readonly patience?: number;
  readonly asked: Omit<Asked, "url" | "method">;
}

/** An answer's head. Either `body` is read to its end or left, or `discard` is called. */
export interface Answer {
  readonly response: Response;
  /** Where the answer came from, after all redirects. */
  readonly url: URL;
  readonly asked: Asked;
  /** The body, bounded in time: throws a retryable `unavailable` when it stalls, drips or breaks. */
  body(): AsyncIterable<Uint8Array>;
  discard(): Promise<void>;
}

export type Transport = (outgoing: Outgoing) => Promise<Answer>;

/** Sends requests and follows redirects. Whatever status comes back is an answer; only broken ways throw. */
export function createTransport(reach: Reach, limits: RegistryLimits, userAgent: string): Transport {
  return async (outgoing) => {
    let { url, authorization } = outgoing;
    for (let hops = 0; ; hops++) {
      const answer = await sendOnce({ ...outgoing, url, authorization }, { reach, limits, userAgent });
      const next = redirectOf(answer, outgoing.payload !== undefined);
      if (next === undefined) return answer;
      await answer.discard();
      await checkRedirect(answer, next, hops, reach);
      if (next.origin !== url.origin) authorization = undefined;
      url = next;
    }
  };
}

interface Means {
  readonly reach: Reach;
  readonly limits: RegistryLimits;
  readonly userAgent: string;
}

async function sendOnce(outgoing: Outgoing, means: Means): Promise<Answer> {
  const { url, signal } = outgoing;
  const asked: Asked = { ...outgoing.asked, method: outgoing.method, url: `${url.origin}${url.pathname}` };
  const tls = url.protocol === "https:" ? await means.reach.tls(url.host) : undefined;
  const proxy = means.reach.proxy(url);
  const dog = createWatchdog(
    signal,
    Math.min(outgoing.patience ?? Number.POSITIVE_INFINITY, means.limits.header),
  );
  const sending = outgoing.payload ? upload(outgoing.payload, dog, means.limits) : undefined;
  try {
    const response = await fetch(url, {
      method: outgoing.method,
      headers: headersOf(outgoing, means.userAgent),
      redirect: "manual",
      signal: dog.signal,
      ...(sending ? { body: sending.stream } : {}),
      ...(tls ? { tls } : {}),
      ...(proxy === undefined ? {} : { proxy }),
      // What is compressed on the way is content here: digests are over the bytes as they come.
      decompress: false,
    });
    return answerOf(response, { url, asked, dog, signal, limits: means.limits });
  } catch (error) {
    dog.stop();
    signal?.throwIfAborted();
    const broken = sending?.failure();
    if (broken) throw broken.error;
    if (dog.expired()) throw late(asked, "net/http: timeout awaiting response headers", false);
    throw connectionError(error, asked, proxy);
  }
}

function headersOf(outgoing: Outgoing, userAgent: string): Record<string, string> {
  const { authorization, payload } = outgoing;
  return {
    "User-Agent": userAgent,
    "Accept-Encoding": "identity",
    ...outgoing.headers,
    ...(authorization === undefined ? {} : { Authorization: authorization }),
    ...(payload === undefined ? {} : { "Content-Length": String(payload.length) }),
  };
}

/** A payload as a body; what its source throws is kept apart from what the connection does. */
function upload(payload: Payload, dog: Watchdog, limits: RegistryLimits) {
  const source = payload.open()[Symbol.asyncIterator]();
  let failure: { readonly error: unknown } | undefined;
  let sent = 0;
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await source.next();
          dog.feed(next.done ? limits.store : limits.send);
          sent += next.done ? 0 : next.value.length;
          if (next.done ? sent !== payload.length : sent > payload.length)
            throw wrongLength(payload.length, sent);
          if (next.done) return controller.close();
          controller.enqueue(next.value);
        } catch (error) {
          failure = { error };
          controller.error(error);
        }
      },
      async cancel() {
        await source.return?.();
      },
    },
    { highWaterMark: 1 },
  );
  return { stream, failure: () => failure };
}

/** Never sent as if it were whole: the registry would wait for the rest until it loses patience. */
function wrongLength(promised: number, sent: number): Error {
  return new Error(`the source of an upload gave ${sent} of ${promised} bytes`);
}

interface Arrived {
  readonly url: URL;
  readonly asked: Asked;
  readonly dog: Watchdog;
  readonly signal: AbortSignal | undefined;
  readonly limits: RegistryLimits;
}

function answerOf(response: Response, arrived: Arrived): Answer {
  arrived.dog.feed(arrived.limits.idle);
  const body = (): AsyncIterable<Uint8Array> => readBody(response, arrived);
  return {
    response,
    url: arrived.url,
    asked: arrived.asked,
    body,
    async discard() {
      // A short body is read, so that the connection can be used again.
      let rest = 64 * 1024;
      try {
        for await (const chunk of body()) {
          rest -= chunk.length;
          if (rest < 0) break;
        }
      } catch {
        arrived.signal?.throwIfAborted();
      }
    },
  };
}

async function* readBody(response: Response, arrived: Arrived): AsyncGenerator<Uint8Array> {
  const { dog, asked, signal, limits } = arrived;
  let ended = false;
  try {
    if (response.body === null) return;
    let since = performance.now();
    let bytes = 0;
    for await (const chunk of response.body) {
      bytes += chunk.length;
      const elapsed = performance.now() - since;
      if (elapsed > limits.idle) {
        if (bytes < (limits.minimumRate * elapsed) / 1000) throw late(asked, "the body comes too slowly");
        since = performance.now();
        bytes = 0;
      }
      // Waiting for the reader is not waiting for the registry.
      const before = performance.now();
      dog.hold();
      yield chunk;
      dog.feed(limits.idle);
      since += performance.now() - before;
    }
    ended = true;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof RegistryError) throw error;
    if (dog.expired()) throw late(asked, "the body stopped coming");
    throw connectionError(error, asked);
  } finally {
    dog.stop();
    if (!ended) dog.abort();
  }
}

function late(asked: Asked, text: string, reached = true): RegistryError {
  return new RegistryError("unavailable", `${verb(asked.method)} "${asked.url}": ${text}`, {
    subject: asked.repository,
    retryable: true,
    reached,
  });
}

function redirectOf(answer: Answer, hasPayload: boolean): URL | undefined {
  const { status, headers } = answer.response;
  if (status < 300 || status > 399 || status === 304 || hasPayload) return undefined;
  const location = headers.get("location");
  if (location === null) return undefined;
  return URL.canParse(location, answer.url.href) ? new URL(location, answer.url) : undefined;
}

async function checkRedirect(answer: Answer, next: URL, hops: number, reach: Reach): Promise<void> {
  const { asked } = answer;
  const refuse = (text: string): RegistryError =>
    new RegistryError("unavailable", `${verb(asked.method)} "${asked.url}": ${text}`, {
      subject: asked.repository,
    });
  if (hops + 1 >= longestRedirectChain) throw refuse(`stopped after ${longestRedirectChain} redirects`);
  if (next.protocol !== "https:" && next.protocol !== "http:") {
    throw refuse(`redirect to unsupported protocol scheme "${next.protocol.slice(0, -1)}"`);
  }
  const downgrade = answer.url.protocol === "https:" && next.protocol === "http:";
  if (downgrade && !(await reach.insecure(next.host))) {
    throw refuse(`redirect from HTTPS to plain HTTP at ${next.host}`);
  }
}
