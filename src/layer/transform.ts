import { once } from "node:events";
import type { Transform } from "node:stream";

/** What `transform` makes of `source`, with back-pressure on both sides. Leaving early ends both. */
export async function* through(
  source: AsyncIterable<Uint8Array>,
  transform: Transform,
): AsyncIterable<Uint8Array> {
  const pumped = pump(source, transform);
  pumped.catch((error: unknown) =>
    transform.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  try {
    for await (const chunk of transform) yield chunk;
    await pumped;
  } finally {
    transform.destroy();
  }
}

async function pump(source: AsyncIterable<Uint8Array>, transform: Transform): Promise<void> {
  for await (const chunk of source) {
    if (transform.destroyed) return;
    if (!transform.write(chunk)) await drained(transform);
  }
  transform.end();
}

/** Resolves when more can be written or never will; its listeners do not stay behind. */
async function drained(transform: Transform): Promise<void> {
  if (transform.closed) return;
  const settled = new AbortController();
  const { signal } = settled;
  try {
    await Promise.race([once(transform, "drain", { signal }), once(transform, "close", { signal })]);
  } finally {
    settled.abort();
  }
}
