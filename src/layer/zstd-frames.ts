import { EngineError } from "../base/index.ts";

/** What the next bytes of the stream are. */
type Expecting =
  | { readonly part: "magic" | "skippable size" | "descriptor" | "block"; readonly size: number }
  /** Bytes that only have to be there. */
  | { readonly part: "rest of header" | "data" | "last data" | "skippable"; readonly size: number };

const start: Expecting = { part: "magic", size: 4 };
const block: Expecting = { part: "block", size: 3 };
const checksum: Expecting = { part: "skippable", size: 4 };

/**
 * Passes zstd data on and throws `invalid` when it ends within a frame (RFC 8878, 3.1): the decoder takes that for
 * the end. Whether the bytes are sound is for the decoder to say.
 */
export async function* wholeFrames(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const frames = new Frames();
  for await (const chunk of source) {
    frames.see(chunk);
    yield chunk;
  }
  if (frames.isWhole()) return;
  throw new EngineError("invalid", "Cannot decompress zstd data: it ends within a frame", {
    subject: "zstd",
  });
}

/** Where in the structure of frames a stream of bytes has come to. */
class Frames {
  #expecting: Expecting = start;
  #hasChecksum = false;
  /** Bytes of a part that is read, so far. */
  #read: number[] = [];
  #left = start.size;

  isWhole(): boolean {
    return this.#expecting.part === "magic" && this.#left === start.size;
  }

  see(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const size = Math.min(this.#left, chunk.length - at);
      if (isRead(this.#expecting)) this.#read.push(...chunk.subarray(at, at + size));
      at += size;
      this.#left -= size;
      // A part may be empty.
      while (this.#left === 0) this.#expect(this.#next(this.#read));
    }
  }

  #expect(next: Expecting): void {
    this.#expecting = next;
    this.#left = next.size;
    this.#read = [];
  }

  #next(bytes: readonly number[]): Expecting {
    const [first = 0] = bytes;
    switch (this.#expecting.part) {
      case "magic":
        return (first & 0xf0) === 0x50
          ? { part: "skippable size", size: 4 }
          : { part: "descriptor", size: 1 };
      case "skippable size":
        return { part: "skippable", size: number(bytes) };
      case "descriptor":
        this.#hasChecksum = (first & 4) !== 0;
        return { part: "rest of header", size: headerSize(first) };
      case "block":
        return blockData(number(bytes));
      case "last data":
        return this.#hasChecksum ? checksum : start;
      case "rest of header":
      case "data":
        return block;
      case "skippable":
        return start;
    }
  }
}

function isRead({ part }: Expecting): boolean {
  return part === "magic" || part === "skippable size" || part === "descriptor" || part === "block";
}

/** Bytes of a frame header after its descriptor: window, dictionary, content size. */
function headerSize(descriptor: number): number {
  const single = (descriptor & 0x20) !== 0;
  const contentFlag = descriptor >> 6;
  const content = contentFlag === 0 ? Number(single) : 2 ** contentFlag;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  return (single ? 0 : 1) + dictionary + content;
}

function blockData(header: number): Expecting {
  const isRun = ((header >> 1) & 3) === 1;
  return { part: (header & 1) === 1 ? "last data" : "data", size: isRun ? 1 : header >> 3 };
}

function number(littleEndian: readonly number[]): number {
  return littleEndian.reduceRight((sum, byte) => sum * 256 + byte, 0);
}
