import type { Writable } from "node:stream";

/**
 * Writes chunks with back-pressure and ends the stream. Stops reading the source as soon as the other side is
 * gone. What the source throws is thrown on; the stream is then left open for a last word.
 */
export async function writeAll(out: Writable, chunks: AsyncIterable<Uint8Array | string>): Promise<void> {
  for await (const chunk of chunks) {
    if (out.destroyed || out.writableEnded) return;
    if (!out.write(chunk)) await drained(out);
  }
  if (!out.destroyed && !out.writableEnded) out.end();
}

/** Resolves when the stream takes more, or never will. */
export async function drained(out: Writable): Promise<void> {
  if (out.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = (): void => {
    out.off("drain", done);
    out.off("close", done);
    out.off("error", done);
    resolve();
  };
  out.on("drain", done);
  out.on("close", done);
  out.on("error", done);
  await promise;
}
