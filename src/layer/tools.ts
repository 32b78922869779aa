import { basename } from "node:path";
import { type Bounds, defaultBounds, inProportion } from "./bounds.ts";
import { type Compression, decompressNatively, peekCompression } from "./compression.ts";
import { askHelper, feedHelper, type HelperCall, readHelper } from "./helper.ts";
import { parseInventory } from "./inventory.ts";
import { meter } from "./meter.ts";
import type { LayerTools, TreeUsage } from "./types.ts";
import { unpackFile } from "./unpack-file.ts";
import { boundWords, extractWords, limitWords, mountWords, overWords } from "./words.ts";

/** Layer tools that run the native helper at path `helper`. */
export function createLayerTools(options: { readonly helper: string; readonly bounds?: Bounds }): LayerTools {
  const { helper, bounds = defaultBounds } = options;
  const call = (task: string, words: readonly string[], signal?: AbortSignal): HelperCall => ({
    helper,
    task,
    words,
    ...(signal ? { signal } : {}),
  });

  async function* decompress(
    source: AsyncIterable<Uint8Array>,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): AsyncIterable<Uint8Array> {
    const { compression, chunks } = await peekCompression(source);
    if (compression === "none") yield* chunks;
    else
      yield* inProportion(
        chunks,
        (packed) =>
          unpacked(packed, compression, call(`decompress ${compression} data`, ["decompress"], signal)),
        bounds,
      );
  }

  const apply: LayerTools["apply"] = async (source, mounts, { limits, signal } = {}) => {
    const metered = meter(decompress(source, signal ? { signal } : {}));
    const words = [...limitWords({ entries: bounds.entries, ...limits }), "apply", ...mountWords(mounts)];
    await feedHelper(call("apply layer", words, signal), metered.chunks);
    return metered.result();
  };

  const usage: LayerTools["usage"] = async (directory) =>
    parseUsage(await askHelper(call("measure", ["usage", directory])));

  return {
    decompress,
    apply,
    usage,
    async unpack(source, place, options = {}) {
      const { limits, signal, report } = options;
      const mounts = "apart" in place ? undefined : place;
      const target = "apart" in place ? ["apart", place.apart, ""] : mountWords(place);
      const words = [
        ...limitWords({ entries: bounds.entries, ...limits }),
        ...boundWords(bounds),
        "unpack",
        ...target,
      ];
      return await unpackFile(
        source,
        { call: call("apply layer", words, signal), mounts, report },
        { apply: (stream, onto) => apply(stream, onto, options), usage },
      );
    },
    extract: (source, mounts, options) => {
      const { signal } = options;
      const words = extractWords(mounts, options);
      return feedHelper(call("extract archive", words, signal), decompress(source, signal ? { signal } : {}));
    },
    diff: (directory, { older, signal } = {}) =>
      readHelper(call("read changes", ["diff", ...(older === undefined ? [] : [older]), directory], signal)),
    pack: (mounts, path, { name = topName(path), over, signal } = {}) =>
      readHelper(
        call(`pack ${path}`, [...overWords(over), "pack", ...mountWords(mounts), path, name], signal),
      ),
    inventory: (directory, { signal } = {}) =>
      parseInventory(readHelper(call("list the layer", ["inventory", directory], signal))),
    async sync(directory) {
      await askHelper(call("sync", ["sync", directory]));
    },
  };
}

function parseUsage(text: string): TreeUsage {
  const [bytes, inodes] = text.trim().split(" ");
  return { bytes: Number(bytes), inodes: Number(inodes) };
}

/** gzip and zstd are decompressed here, the others by the helper. */
function unpacked(
  packed: AsyncIterable<Uint8Array>,
  compression: Exclude<Compression, "none">,
  call: HelperCall,
): AsyncIterable<Uint8Array> {
  if (compression === "gzip" || compression === "zstd") return decompressNatively(packed, compression);
  return readHelper(call, packed);
}

/** What `docker cp` calls the top: the last component as written, `.` and `/` included. */
function topName(path: string): string {
  return path === "" || /^\/+$/.test(path) ? "/" : basename(path);
}
