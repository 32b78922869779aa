import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { codeOf, EngineError, parseDigest } from "../base/index.ts";
import type { Mount } from "../oci/index.ts";
import { detectCompression } from "./compression.ts";
import { type HelperCall, NotApart, talkToHelper } from "./helper.ts";
import type { Applied, ArrivingFile, TreeUsage, Unpacked } from "./types.ts";

/** What `unpackFile` leaves to the ways that any stream takes. */
export interface StreamTools {
  apply(source: AsyncIterable<Uint8Array>, mounts: readonly Mount[]): Promise<Applied>;
  usage(directory: string): Promise<TreeUsage>;
}

/** Where a layer goes, and the call of the helper for it, complete but for the file. */
export interface UnpackCall {
  readonly call: HelperCall;
  /** Undefined for a layer that is to be applied apart. */
  readonly mounts: readonly Mount[] | undefined;
  readonly report?: ((bytes: number) => void) | undefined;
}

/** See `LayerTools.unpack`. The helper reads, decompresses and hashes the file itself; here only its length is told. */
export async function unpackFile(
  source: ArrivingFile,
  { call, mounts, report }: UnpackCall,
  streams: StreamTools,
): Promise<Unpacked | "not-apart"> {
  const lengths = source.lengths()[Symbol.asyncIterator]();
  const start = await startOf(lengths);
  call.signal?.throwIfAborted();
  await using file = await openArriving(source);
  try {
    if (await isForeign(file, start)) return await unpackForeign(source, { lengths, mounts }, streams);
    const orders = feed(start, lengths);
    return parseDone(await talkToHelper(call, { orders, file: file.fd, hear: hearer(report) }), call.task);
  } catch (error) {
    if (error instanceof NotApart) return "not-apart";
    throw error;
  } finally {
    // Not waited for: a source that is stuck would never answer.
    lengths.return?.().catch(() => undefined);
  }
}

/** A file that moves to its place while it is being opened is there. */
async function openArriving(source: ArrivingFile): Promise<FileHandle> {
  try {
    return await open(source.path, "r");
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    return await open(source.path, "r");
  }
}

/** Waits for the bytes that tell the compression. */
async function startOf(lengths: AsyncIterator<number>): Promise<number> {
  let length = 0;
  while (length < 6) {
    const next = await lengths.next();
    if (next.done) break;
    length = next.value;
  }
  return length;
}

async function isForeign(file: FileHandle, length: number): Promise<boolean> {
  const start = new Uint8Array(6);
  const { bytesRead } = await file.read(start, 0, 6, 0);
  const compression = detectCompression(start.subarray(0, Math.min(bytesRead, length)));
  return compression === "bzip2" || compression === "xz";
}

/** The rare compressions are read by another helper, when all is there, and only on the layers below. */
async function unpackForeign(
  source: ArrivingFile,
  how: { readonly lengths: AsyncIterator<number>; readonly mounts: readonly Mount[] | undefined },
  streams: StreamTools,
): Promise<Unpacked | "not-apart"> {
  if (how.mounts === undefined) return "not-apart";
  while (!(await how.lengths.next()).done);
  const applied = await streams.apply(createReadStream(source.path), how.mounts);
  return { ...applied, root: true, usage: await streams.usage(writtenTo(how.mounts)) };
}

/** The directory that a mount's own layer is kept in. */
function writtenTo([mount]: readonly Mount[]): string {
  const upper = mount?.options.find((option) => option.startsWith("upperdir="));
  return upper?.slice("upperdir=".length) ?? mount?.source ?? "";
}

async function* feed(length: number, lengths: AsyncIterator<number>): AsyncIterable<string> {
  yield `${length}\n`;
  for (let next = await lengths.next(); !next.done; next = await lengths.next()) yield `${next.value}\n`;
  yield "end\n";
}

/** Keeps the last line that is no progress. */
function hearer(report: UnpackCall["report"]): (line: string) => void {
  return (line) => {
    if (line.startsWith("at ")) report?.(Number(line.slice(3)));
  };
}

function parseDone(line: string, task: string): Unpacked {
  const [word, hex, size, root, bytes, inodes] = line.split(" ");
  if (word !== "done" || hex === undefined) {
    throw new EngineError("internal", `Cannot ${task}: the helper said nothing of the result`, {
      subject: task,
    });
  }
  return {
    diffID: parseDigest(`sha256:${hex}`),
    size: Number(size),
    root: root === "1",
    usage: { bytes: Number(bytes), inodes: Number(inodes) },
  };
}
