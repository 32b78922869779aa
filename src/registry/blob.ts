import { messageOf } from "../base/index.ts";
import type { Descriptor } from "../oci/index.ts";
import { RegistryError } from "./error.ts";
import { createPatience } from "./retry.ts";
import type { Scene } from "./scene.ts";
import type { Site } from "./site.ts";
import type { Answer } from "./transport.ts";
import type { Cancel } from "./types.ts";

/** The bytes of a blob from `offset` to its end; see `Repository.blob`. */
export async function* fetchBlob(
  scene: Scene,
  descriptor: Descriptor,
  options: Cancel & { readonly offset?: number },
): AsyncGenerator<Uint8Array> {
  const place = { offset: options.offset ?? 0 };
  if (place.offset > 0 && place.offset >= descriptor.size) return;
  for (const mirror of scene.mirrors) {
    try {
      return yield* readFrom(scene, mirror, descriptor, place, options);
    } catch (error) {
      scene.passOver(mirror, error);
    }
  }
  const patience = createPatience(scene.limits, options.signal, (error) =>
    incomplete(descriptor, place.offset, error),
  );
  for (;;) {
    const before = place.offset;
    try {
      return yield* readFrom(scene, await scene.home(options), descriptor, place, options);
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      await patience.after(error, place.offset - before >= progress);
    }
  }
}

/** Bytes that make a try worth while: the next failure counts as the first again. */
const progress = 64 * 1024;

/** Moves `place` on with every piece, so that another try begins behind it. */
async function* readFrom(
  scene: Scene,
  site: Site,
  descriptor: Descriptor,
  place: { offset: number },
  options: Cancel,
): AsyncGenerator<Uint8Array> {
  const { size } = descriptor;
  const answer = await scene.ask(site, {
    method: "GET",
    path: `blobs/${descriptor.digest}`,
    headers: place.offset === 0 ? {} : { Range: `bytes=${place.offset}-` },
    asked: scene.name.asked,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  let skip = skipOf(answer, descriptor, place.offset);
  for await (const chunk of answer.body()) {
    const piece = chunk.subarray(Math.min(skip, chunk.length));
    skip -= chunk.length - piece.length;
    if (place.offset + piece.length > size) throw tooLong(descriptor);
    place.offset += piece.length;
    if (piece.length > 0) yield piece;
  }
  if (place.offset < size) {
    throw new RegistryError("unavailable", `unexpected EOF in blob ${descriptor.digest}`, {
      subject: descriptor.digest,
      retryable: true,
    });
  }
}

/** How many bytes at the beginning of an answer are known already. */
function skipOf(answer: Answer, descriptor: Descriptor, offset: number): number {
  const { status, headers } = answer.response;
  if (status !== 206) {
    const length = headers.get("content-length");
    if (length === null || !(Number(length) > descriptor.size)) return offset;
    void answer.discard().catch(() => {});
    throw tooLong(descriptor);
  }
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
  const start = Number(range?.[1]);
  if (range && start <= offset) return offset - start;
  throw new RegistryError(
    "unavailable",
    `Cannot go on with blob ${descriptor.digest} at byte ${offset}: the registry answers with another range`,
    { subject: descriptor.digest, status },
  );
}

function tooLong(descriptor: Descriptor): RegistryError {
  return new RegistryError(
    "invalid",
    `Cannot take blob ${descriptor.digest}: the registry sends more than the ${descriptor.size} bytes of its descriptor`,
    { subject: descriptor.digest },
  );
}

function incomplete(descriptor: Descriptor, offset: number, error: RegistryError): RegistryError {
  return new RegistryError(
    "unavailable",
    `Cannot fetch blob ${descriptor.digest}: ${offset} of ${descriptor.size} bytes came, then: ${messageOf(error)}`,
    { subject: descriptor.digest, codes: error.codes, status: error.status, cause: error },
  );
}
