import { type Frame, FrameDecoder, streamNumber } from "../wire/index.ts";
import type { Line } from "./pool.ts";

/** A connection that attach or exec took over. The caller closes it; `await using` does. */
export interface RawStream extends AsyncDisposable {
  /** False when the output is raw: the container has a terminal. */
  readonly multiplexed: boolean;
  /** The output, cut into its streams; raw output comes as stdout. Ends with the process's output. */
  frames(): AsyncGenerator<Frame, void>;
  /** The output's bytes as they come over the wire. */
  bytes(): AsyncGenerator<Uint8Array, void>;
  /** Sends input. Settles when more may be sent; rejects when the other side has gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the input; output goes on. */
  end(): void;
  close(): void;
}

/** Takes over the connection of a hijacked request. */
export function rawStream(line: Line, options: { contentType: string; release: () => void }): RawStream {
  const multiplexed = !options.contentType.includes("raw-stream");
  const close = () => {
    options.release();
    line.connection.close();
  };
  return {
    multiplexed,
    bytes: () => line.reader.rest(),
    frames: () => (multiplexed ? decodeFrames(line.reader.rest()) : rawFrames(line.reader.rest())),
    write: (bytes) => line.connection.write(bytes),
    end: () => line.connection.end(),
    close,
    [Symbol.asyncDispose]: async () => close(),
  };
}

/** Cuts a multiplexed body into its streams. */
export async function* decodeFrames(body: AsyncIterable<Uint8Array>): AsyncGenerator<Frame, void> {
  const decoder = new FrameDecoder();
  for await (const chunk of body) yield* decoder.push(chunk);
}

/** Raw output as stdout. */
export async function* rawFrames(body: AsyncIterable<Uint8Array>): AsyncGenerator<Frame, void> {
  for await (const payload of body) yield { stream: streamNumber.stdout, payload };
}
