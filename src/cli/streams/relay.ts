import type { RawStream } from "../../client/index.ts";
import { streamNumber } from "../../wire/index.ts";
import type { Output } from "../output.ts";

/** What to do with the streams of a container or exec. */
export interface RelayOptions {
  readonly out: Output;
  readonly err: Output;
  /** What to send; undefined sends nothing. */
  readonly input?: AsyncIterable<Uint8Array> | undefined;
  /** False: the output is not wanted, and the relay ends with the input. */
  readonly output: boolean;
  /** Looks at typed bytes; says what to pass on and when to leave. */
  readonly watch?: { push(bytes: Uint8Array): { readonly pass: Uint8Array; readonly detached: boolean } };
}

/** Carries bytes both ways until the output ends. `detached` when the user asked to leave. */
export async function relay(stream: RawStream, options: RelayOptions): Promise<"ended" | "detached"> {
  const detached = Promise.withResolvers<"detached">();
  const input = options.input
    ? sendInput(stream, options.input, { ...options, detach: () => detached.resolve("detached") })
    : Promise.resolve();
  const output = options.output ? showOutput(stream, options) : input;
  return await Promise.race([output.then(() => "ended" as const), detached.promise]);
}

async function showOutput(stream: RawStream, to: Pick<RelayOptions, "out" | "err">): Promise<void> {
  for await (const { stream: number, payload } of stream.frames()) {
    await (number === streamNumber.stderr || number === streamNumber.systemError ? to.err : to.out).write(
      payload,
    );
  }
}

async function sendInput(
  stream: RawStream,
  input: AsyncIterable<Uint8Array>,
  options: Pick<RelayOptions, "watch"> & { detach: () => void },
): Promise<void> {
  try {
    for await (const bytes of input) {
      const { pass, detached } = options.watch?.push(bytes) ?? { pass: bytes, detached: false };
      if (pass.length > 0) await stream.write(pass);
      if (detached) {
        options.detach();
        return;
      }
    }
    stream.end();
  } catch {
    // The other side has gone; its output tells the rest.
  }
}
