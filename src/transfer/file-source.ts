import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { codeOf, type Digest, EngineError } from "../base/index.ts";
import type { Descriptor } from "../oci/index.ts";
import type { Document, Source } from "./types.ts";

/** As registries have it. */
const manifestLimit = 4 * 1024 ** 2;

/** Blobs in files: of this engine, of a layout, of an archive. `close` ends what keeps them there. */
export function fileSource(
  top: Descriptor,
  pathOf: (digest: Digest) => Promise<string>,
  close: () => Promise<void>,
): Source {
  const read = async (descriptor: Descriptor): Promise<Document> => {
    const path = await pathOf(descriptor.digest);
    const { size } = await found(stat(path), descriptor.digest);
    if (size > manifestLimit) {
      throw new EngineError(
        "invalid",
        `manifest ${descriptor.digest} is larger than ${manifestLimit} bytes`,
        {
          subject: descriptor.digest,
        },
      );
    }
    return { descriptor, bytes: await readFile(path) };
  };
  return {
    top: () => read(top),
    manifest: read,
    async *blob({ digest }, offset) {
      const path = await pathOf(digest);
      await found(stat(path), digest);
      yield* createReadStream(path, { start: offset, highWaterMark: 1024 * 1024 });
    },
    [Symbol.asyncDispose]: close,
  };
}

async function found<T>(work: Promise<T>, digest: Digest): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    throw new EngineError("not-found", `No such blob: ${digest}`, { subject: digest });
  }
}
