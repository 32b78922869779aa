import { EngineError, type ErrorKind } from "../base/index.ts";

/** A layer that was to be applied by itself stands on those below it. */
export class NotApart extends Error {}

/** How to call the native helper. */
export interface HelperCall {
  /** Path of `gantry-layer`. */
  readonly helper: string;
  readonly words: readonly string[];
  /** What was being done, for messages: `apply layer`. */
  readonly task: string;
  readonly signal?: AbortSignal;
}

/** Runs the helper, feeding it `source`; resolves when it has succeeded. Standard output is dropped. */
export async function feedHelper(call: HelperCall, source: AsyncIterable<Uint8Array>): Promise<void> {
  await using process = start(call, { stdin: true });
  await feed(process, source);
  await process.finished();
}

/** Runs the helper without input and resolves to all it prints. */
export async function askHelper(call: HelperCall): Promise<string> {
  return Buffer.concat(await Array.fromAsync(readHelper(call))).toString("utf8");
}

/** What the helper prints, as a stream; with `source`, while it is fed. Leaving early ends the helper. */
export async function* readHelper(
  call: HelperCall,
  source?: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  await using process = start(call, { stdin: source !== undefined });
  const fed = source ? feed(process, source) : Promise.resolve();
  fed.catch(() => process.kill());
  try {
    yield* process.output();
  } catch (error) {
    if (!call.signal?.aborted) throw error;
  }
  await fed;
  await process.finished();
}

/**
 * Runs the helper on an open file, telling it `orders` on standard input; `hear` gets each line it prints. Resolves to
 * the last line when it has succeeded. A source of orders that fails ends the helper.
 */
export async function talkToHelper(
  call: HelperCall,
  talk: {
    readonly orders: AsyncIterable<string>;
    readonly file: number;
    readonly hear: (line: string) => void;
  },
): Promise<string> {
  await using process = start(call, { stdin: true, file: talk.file });
  const encoder = new TextEncoder();
  const fed = feed(
    process,
    mapChunks(talk.orders, (line) => encoder.encode(line)),
  );
  fed.catch(() => process.kill());
  let last = "";
  try {
    for await (const line of linesOf(process.output())) {
      last = line;
      talk.hear(line);
    }
  } catch (error) {
    if (!call.signal?.aborted) throw error;
  }
  await fed;
  await process.finished();
  return last;
}

async function* mapChunks<A, B>(source: AsyncIterable<A>, change: (one: A) => B): AsyncIterable<B> {
  for await (const one of source) yield change(one);
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

interface Running extends AsyncDisposable {
  readonly exited: Promise<unknown>;
  write(chunk: Uint8Array): Promise<void>;
  end(): Promise<void>;
  output(): AsyncIterable<Uint8Array>;
  kill(): void;
  /** Waits for the end; throws what the helper reported. */
  finished(): Promise<void>;
}

function start(call: HelperCall, options: { stdin: boolean; file?: number }): Running {
  call.signal?.throwIfAborted();
  const child = Bun.spawn([call.helper, ...call.words], {
    stdio: [
      options.stdin ? "pipe" : "ignore",
      "pipe",
      "pipe",
      ...(options.file === undefined ? [] : [options.file]),
    ],
    cwd: "/",
    env: {},
  });
  const report = new Response(child.stderr).text();
  report.catch(() => undefined);
  const kill = () => child.kill("SIGKILL");
  call.signal?.addEventListener("abort", kill, { once: true });
  const stdin = child.stdin;
  return {
    exited: child.exited,
    async write(chunk) {
      if (!stdin) return;
      await stdin.write(chunk);
      await stdin.flush();
    },
    async end() {
      await stdin?.end();
    },
    output: () => child.stdout,
    kill,
    async finished() {
      await child.exited;
      call.signal?.throwIfAborted();
      if (child.exitCode !== 0) throw failure(call, await report, child.signalCode);
    },
    async [Symbol.asyncDispose]() {
      call.signal?.removeEventListener("abort", kill);
      if (child.exitCode === null) kill();
      await child.exited;
    },
  };
}

/**
 * Hands `source` to the helper. A helper that ends early ends the feeding, even while the source is silent; why it
 * ended is what `finished` tells.
 */
async function feed(process: Running, source: AsyncIterable<Uint8Array>): Promise<void> {
  const iterator = source[Symbol.asyncIterator]();
  const nextOrGone = untilExit(process, iterator);
  try {
    for (;;) {
      const next = await nextOrGone();
      if (next === undefined) break;
      if (next.done) {
        await quietly(process.end());
        return;
      }
      if (!(await quietly(process.write(next.value)))) break;
    }
  } catch (error) {
    process.kill();
    throw error;
  }
  iterator.return?.().catch(() => undefined);
}

/**
 * The next chunk, or undefined once the helper has ended. A race of promises would keep every chunk alive until
 * the end, as each race leaves its handler on the promise that loses.
 */
function untilExit(
  process: Running,
  iterator: AsyncIterator<Uint8Array>,
): () => Promise<IteratorResult<Uint8Array> | undefined> {
  let ended = false;
  let wake = (): void => {};
  void process.exited.then(() => {
    ended = true;
    wake();
  });
  return async () =>
    await new Promise((resolve, reject) => {
      wake = () => resolve(undefined);
      if (ended) wake();
      else iterator.next().then(resolve, reject);
    });
}

/** False when the helper has closed its end. */
async function quietly(work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch {
    return false;
  }
}

const kinds: Readonly<Record<string, ErrorKind>> = {
  invalid: "invalid",
  "not-found": "not-found",
  "read-only": "denied",
};

function failure(call: HelperCall, report: string, signal: string | number | null): Error {
  const { kind, entry, reason } = parseReport(report);
  if (kind === "no-space") return new EngineError("internal", "no space left on device", { subject: entry });
  if (kind === "not-apart") return new NotApart(reason);
  const why = reason || (signal ? `the helper was ended by ${signal}` : "the helper failed");
  const place = entry === "" ? "" : `${entry}: `;
  return new EngineError(kinds[kind] ?? "internal", `Cannot ${call.task}: ${place}${why}`, {
    subject: entry,
  });
}

function parseReport(report: string): { kind: string; entry: string; reason: string } {
  const unknown = { kind: "internal", entry: "", reason: report.trim() };
  try {
    const value: unknown = JSON.parse(report.trim().split("\n").at(-1) ?? "");
    if (typeof value !== "object" || value === null) return unknown;
    const { kind, entry, reason } = { kind: "", entry: "", reason: "", ...value };
    return { kind: String(kind), entry: String(entry), reason: String(reason) };
  } catch {
    return unknown;
  }
}
