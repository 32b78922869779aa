import { EngineError, isKind, type Step } from "../base/index.ts";
import type { Arriving } from "./arrival.ts";
import { StagedFile } from "./staged-file.ts";
import type { BlobSource, FetchOptions, Known } from "./types.ts";

/**
 * Writes a blob to the file `path` behind what an earlier attempt has left there, and has `publish` move it when it is
 * what was expected. After a failure the file stays for the next attempt, unless its content is wrong or the disk full.
 */
export async function fetchBlob(
  what: { readonly expected: Known; readonly path: string; readonly source: BlobSource },
  arriving: Arriving,
  how: FetchOptions & { readonly step: Step; readonly publish: (staged: StagedFile) => Promise<void> },
): Promise<void> {
  const { expected, path, source } = what;
  await using staged = await openPartial(path, expected.size);
  try {
    arriving.grow(staged.written);
    await staged.rehash(how.signal);
    for await (const chunk of restOf(source, staged.size, expected.size)) {
      how.signal?.throwIfAborted();
      await staged.write(chunk);
      if (staged.size > expected.size) throw wrong(expected, `it has more than ${expected.size} bytes`);
      if (arriving.grow(staged.written)) how.step("content:grown");
      how.report?.(staged.size);
    }
    await staged.flush();
    arriving.grow(staged.written);
    how.signal?.throwIfAborted();
    if (staged.size < expected.size) throw cutShort(expected, staged.size);
    arriving.complete();
    how.verifying?.();
    const digest = await staged.digest();
    if (digest !== expected.digest) throw wrong(expected, `it is ${digest}`);
    await how.publish(staged);
  } catch (error) {
    if (staged.size > 0 && isWorthKeeping(error)) await staged.keep();
    throw error;
  }
}

/** More bytes than there can be are no beginning of this blob. */
async function openPartial(path: string, size: number): Promise<StagedFile> {
  const staged = await StagedFile.resume(path);
  if (staged.size <= size) return staged;
  await staged[Symbol.asyncDispose]();
  return await StagedFile.resume(path);
}

/** A source is not asked for nothing. */
function restOf(source: BlobSource, at: number, size: number): AsyncIterable<Uint8Array> | Uint8Array[] {
  return at < size ? source(at) : [];
}

function isWorthKeeping(error: unknown): boolean {
  return !isKind(error, "invalid") && !(isKind(error, "internal") && /no space left/.test(error.message));
}

function wrong({ digest }: Known, why: string): EngineError {
  return new EngineError("invalid", `filesystem layer verification failed for digest ${digest}: ${why}`, {
    subject: digest,
  });
}

function cutShort({ digest, size }: Known, got: number): EngineError {
  return new EngineError("unavailable", `unexpected EOF: ${got} of ${size} bytes of ${digest}`, {
    subject: digest,
  });
}
