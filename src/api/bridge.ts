import type { Duplex, Readable, Writable } from "node:stream";
import { DetachScanner } from "../container/index.ts";
import { encodeFrame, FrameDecoder } from "../wire/index.ts";
import { drained, writeAll } from "./write-all.ts";

export interface BridgeOptions {
  /** Bytes come without frames. */
  readonly tty: boolean;
  /** Of framed bytes the client is to get the payloads alone. */
  readonly bare?: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Key bytes that let the client go; undefined: none are looked for. */
  readonly detachKeys: Uint8Array | undefined;
  /** Delivered before the live output. */
  readonly before?: AsyncIterable<Uint8Array> | undefined;
}

/**
 * Joins a hijacked client with the streams of a process until either output has ended or the client is gone.
 * The client's end of input is passed on as end of stdin and does not end the output. Resolves to how it ended.
 */
export async function bridge(
  client: Duplex,
  process: Duplex,
  options: BridgeOptions,
): Promise<"ended" | "detached" | "gone"> {
  const state = { detached: false };
  client.on("error", () => process.destroy());
  client.on("close", () => process.destroy());
  // It may have left while the process was being started.
  if (client.destroyed) process.destroy();
  process.on("error", () => {});
  const detach = (): void => {
    state.detached = true;
    process.destroy();
  };
  void forwardInput(client, process, options, detach);
  try {
    if (options.before) await pass(client, options.bare ? chosen(options.before, options) : options.before);
    await pass(client, chosen(process, options));
  } catch {
    // The process's side broke or was let go: what there was has been delivered.
  }
  if (state.detached) {
    finish(client);
    return "detached";
  }
  if (client.destroyed) return "gone";
  finish(client);
  return "ended";
}

/** Says a last word to a hijacked client, on stderr where output is framed, and ends. */
export function endWithMessage(client: Duplex, message: string, tty: boolean): void {
  if (client.destroyed) return;
  const bytes = new TextEncoder().encode(message);
  client.write(tty ? bytes : encodeFrame(2, bytes));
  finish(client);
}

const lingering = 10_000;

/** Ends our side; the other one gets time to read it all, then the connection goes. */
export function finish(client: Duplex): void {
  client.end();
  client.resume();
  const timer = setTimeout(() => client.destroy(), lingering);
  timer.unref();
  client.once("close", () => clearTimeout(timer));
  client.once("end", () => client.destroy());
  if (client.readableEnded) client.once("finish", () => client.destroy());
}

/** Delivers chunks, of which the client gets what it asked for, and ends. */
export async function deliver(
  client: Duplex,
  chunks: AsyncIterable<Uint8Array>,
  options: BridgeOptions,
): Promise<void> {
  await pass(client, options.bare ? chosen(chunks, options) : chunks);
  finish(client);
}

/** Delivers chunks to a client that stays open afterwards. */
async function pass(client: Writable, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks) {
    if (client.destroyed) return;
    if (!client.write(chunk)) await drained(client);
  }
}

async function forwardInput(
  client: Readable,
  process: Writable,
  options: BridgeOptions,
  detach: () => void,
): Promise<void> {
  if (!options.stdin) {
    client.resume();
    return;
  }
  const scanner = options.detachKeys ? new DetachScanner(options.detachKeys) : undefined;
  const scan = async function* (): AsyncGenerator<Uint8Array> {
    client.on("end", () => {});
    for await (const chunk of readOn(client)) {
      const { pass: bytes, detached } = scanner?.push(chunk) ?? { pass: chunk, detached: false };
      if (bytes.length > 0) yield bytes;
      if (detached) return detach();
    }
  };
  try {
    await writeAll(process, scan());
  } catch {
    // The client vanished in mid-word; its `close` ends the rest.
  }
}

/** The chunks of a stream, which is left whole when the reader stops early. */
async function* readOn(source: Readable): AsyncGenerator<Uint8Array> {
  yield* source.iterator({ destroyOnReturn: false });
}

/** What of a process's output the client is to get. */
function chosen(source: AsyncIterable<Uint8Array>, options: BridgeOptions): AsyncIterable<Uint8Array> {
  if (options.tty || (options.stdout && options.stderr && !options.bare)) return source;
  return filterFrames(source, options);
}

async function* filterFrames(
  source: AsyncIterable<Uint8Array>,
  wanted: { stdout: boolean; stderr: boolean; bare?: boolean },
): AsyncGenerator<Uint8Array> {
  const decoder = new FrameDecoder();
  for await (const chunk of source) {
    for (const { stream, payload } of decoder.push(chunk)) {
      const isErr = stream === 2;
      if (payload.length === 0 || !(isErr ? wanted.stderr : wanted.stdout)) continue;
      yield wanted.bare ? payload : encodeFrame(stream, payload);
    }
  }
}
