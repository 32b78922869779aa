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
    if (!transform.write(chunk)) await Promise.race([once(transform, "drain"), closed(transform)]);
  }
  transform.end();
}

async function closed(transform: Transform): Promise<void> {
  if (!transform.closed) await once(transform, "close");
}
